import type { ChildProcess } from 'node:child_process'
import { timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import ssh2, { type Connection, type ParsedKey, type PublicKeyAuthContext, type Session } from 'ssh2'
import { execute, type ShellPlace } from './exec.ts'
import { drawKeyPair } from './keys.ts'
import { endGroup, signalGroup } from './processes.ts'

/** A practice host: an SSH server of this process on loopback. */
export interface DemoHost {
  name: string
  port: number
  /** The line of known_hosts for it. */
  knownHosts: string
  /** Ends every connection and what their commands started, and closes the port. */
  stop(): Promise<void>
}

/** Who may log in, and where the commands run. */
export interface DemoHostOptions extends ShellPlace {
  name: string
  user: string
  /** The one public key that is let in, in OpenSSH's form. */
  clientKey: string
}

/** Starts an SSH server on 127.0.0.1 with a key of its own; publickey only, commands only. */
export async function startHost(options: DemoHostOptions): Promise<DemoHost> {
  const hostKey = drawKeyPair()
  const allowed = parseKey(options.clientKey)
  const groups = new Set<ChildProcess>()
  const connections = new Set<Connection>()
  const server = new ssh2.Server({ hostKeys: [hostKey.private], ident: 'sitrep-practice' }, (client) => {
    connections.add(client)
    // Missing in the types of the server's side; without it each reply waits for the client's delayed acknowledgement.
    ;(client as Connection & { setNoDelay(on: boolean): void }).setNoDelay(true)
    const open = new Set<ChildProcess>()
    client.on('error', () => {})
    client.on('close', () => {
      connections.delete(client)
      for (const child of open) void endGroup(child)
    })
    client.on('authentication', (context) => {
      if (context.username !== options.user) return context.reject(['publickey'])
      if (context.method !== 'publickey') return context.reject(['publickey'])
      if (mayEnter(context, allowed)) context.accept()
      else context.reject(['publickey'])
    })
    client.on('session', (accept) => serveSession(accept(), options, groups, open))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const publicKey = hostKey.public.split(' ').slice(0, 2).join(' ')
  return {
    name: options.name,
    port,
    knownHosts: `[127.0.0.1]:${port} ${publicKey}\n`,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const client of connections) client.end()
      await Promise.all([...groups].map(endGroup))
      await closed
    },
  }
}

function serveSession(
  session: Session,
  place: ShellPlace,
  groups: Set<ChildProcess>,
  open: Set<ChildProcess>,
): void {
  let child: ChildProcess | undefined
  session.on('exec', (accept, _reject, { command }) => {
    const started = execute(command, accept(), place, () => {
      open.delete(started)
      // What the command left running in its group is ended when the host stops.
      if (!signalGroup(started, 0)) groups.delete(started)
    })
    child = started
    groups.add(started)
    open.add(started)
  })
  session.on('shell', (accept) => {
    const channel = accept()
    channel.stderr.write('This practice host runs single commands only.\n')
    channel.exit(1)
    channel.end()
  })
  session.on('pty', (_accept, reject) => reject?.())
  session.on('subsystem', (_accept, reject) => reject?.())
  session.on('signal', (accept, reject, { name }) => {
    const known = /^(HUP|INT|QUIT|TERM|KILL|USR1|USR2)$/.test(name)
    if (known && child && signalGroup(child, `SIG${name}` as NodeJS.Signals)) accept?.()
    else reject?.()
  })
  session.on('close', () => {
    if (child && open.has(child)) void endGroup(child)
  })
}

function mayEnter(context: PublicKeyAuthContext, allowed: ParsedKey): boolean {
  const wanted = allowed.getPublicSSH()
  if (context.key.algo !== allowed.type || context.key.data.length !== wanted.length) return false
  if (!timingSafeEqual(context.key.data, wanted)) return false
  // Without a signature the client only asks whether the key would do.
  if (!context.signature || !context.blob) return true
  return allowed.verify(context.blob, context.signature, context.hashAlgo) === true
}

function parseKey(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text)
  if (key instanceof Error) throw key
  return key
}
