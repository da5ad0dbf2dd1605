import pLimit from 'p-limit'
import { type ConnectEvent, connect } from '../hosts/connect.ts'
import { ConnectError } from '../hosts/errors.ts'
import type { Prompter } from '../hosts/prompter.ts'
import { createSharedLinks } from '../hosts/shared.ts'
import type { Session } from '../model/command.ts'
import { messageOf, SitrepError } from '../model/errors.ts'
import type { ConnectPhase, Host } from '../model/host.ts'
import type { SecretStore } from '../model/secret.ts'

/** What `sitrep hosts --test` found out about one host. */
export interface HostTest {
  /** The host as it was reached, or would be. */
  host: Host
  /** Nothing is wrong that a runbook would stumble over. */
  ok: boolean
  /** Until the session was open, in milliseconds; absent where it was not reached. */
  ms?: number
  /** The host key that was accepted. */
  fingerprint?: string
  /** How it let us in, in words: `the key ~/.ssh/id_ed25519`. */
  authentication?: string
  /** The login user's way to root, in words. */
  sudo?: string
  /** Tools that are not there, with what can't be done without each. */
  missing: { tool: string; without: string; needed: boolean }[]
  /** What is wrong, and what to do next. */
  problem?: { phase?: ConnectPhase; reason: string; next: string }
}

/** Hosts that are tried at once. */
const atOnce = 16
/** How long the look at an open host may take, in milliseconds. */
const patience = 20_000

/**
 * Opens a session to each host, all side by side, looks what is there, and closes it. `onTest` gets each as it is known; one
 * slow host holds up no other. Never rejects for what a host does.
 */
export async function testHosts(
  hosts: readonly Host[],
  o: {
    secrets: SecretStore
    prompter?: Prompter
    signal?: AbortSignal
    /** How long the look at an open host may take, in milliseconds; 20 s where absent. */
    lookMs?: number
    onTest(test: HostTest): void
  },
): Promise<HostTest[]> {
  const shared = createSharedLinks()
  const limit = pLimit(atOnce)
  const test = async (host: Host) => {
    const result = await testHost(host, { ...o, shared })
    o.onTest(result)
    return result
  }
  try {
    return await Promise.all(hosts.map((host) => limit(() => test(host))))
  } finally {
    await shared.close()
  }
}

async function testHost(
  host: Host,
  o: {
    secrets: SecretStore
    shared: ReturnType<typeof createSharedLinks>
    prompter?: Prompter
    signal?: AbortSignal
    lookMs?: number
  },
): Promise<HostTest> {
  let connected: Extract<ConnectEvent, { is: 'connected' }> | undefined
  try {
    await using session = await connect(host, {
      secrets: o.secrets,
      shared: o.shared,
      ...(o.prompter === undefined ? {} : { prompter: o.prompter }),
      ...(o.signal === undefined ? {} : { signal: o.signal }),
      onEvent: (event) => {
        if (event.is === 'connected') connected ??= event
      },
    })
    const { missing, sudo, problem } = await lookAt(session, o)
    return {
      host: connected?.host ?? host,
      ok: problem === undefined && missing.every(({ needed }) => !needed),
      ...(connected === undefined ? {} : { ms: Math.round(connected.ms) }),
      ...(connected?.fingerprint === undefined ? {} : { fingerprint: connected.fingerprint }),
      ...(connected?.authentication === undefined ? {} : { authentication: connected.authentication }),
      ...(sudo === undefined ? {} : { sudo }),
      missing,
      ...(problem === undefined ? {} : { problem }),
    }
  } catch (error) {
    const problem = o.signal?.aborted ? interrupted(host) : problemOf(host, error)
    return { host, ok: false, missing: [], problem }
  }
}

/** What sitrep uses on a host, and what can't be done there without each. */
const tools: { tool: string; without: string; needed: boolean }[] = [
  { tool: 'base64', without: 'no command can be given its input', needed: true },
  { tool: 'mkdir', without: 'no changing step can run', needed: true },
  { tool: 'mv', without: 'no changing step can run', needed: true },
  { tool: 'sed', without: 'no changing step can run', needed: true },
  { tool: 'awk', without: 'nothing can be run by sudo', needed: true },
  { tool: 'tail', without: 'no output or log can be followed', needed: true },
  { tool: 'head', without: 'no output can be limited', needed: true },
  { tool: 'stat', without: 'no file can be compared or put back', needed: true },
  { tool: 'sha256sum', without: 'no file can be compared or put back', needed: true },
  { tool: 'setsid', without: 'a step may end with its link where perl is not there either', needed: false },
  { tool: 'flock', without: 'locks hold by process and time alone', needed: false },
  { tool: 'curl', without: 'no HTTP check can be made from this host', needed: false },
  { tool: 'sudo', without: 'no step can run as another user', needed: false },
]

const lookText = `for t in ${tools.map(({ tool }) => tool).join(' ')}; do
  command -v "$t" >/dev/null 2>&1 || printf 'missing %s\\n' "$t"
done
if [ "$(id -u)" = 0 ]; then echo 'sudo root'
elif command -v sudo >/dev/null 2>&1; then
  if e=$(LC_ALL=C sudo -n true 2>&1); then echo 'sudo free'
  else printf 'sudo no %s\\n' "$e" | head -n 1; fi
fi
echo looked`

async function lookAt(
  session: Session,
  { lookMs = patience, signal }: { lookMs?: number; signal?: AbortSignal },
): Promise<Pick<HostTest, 'missing' | 'sudo' | 'problem'>> {
  const result = await session.run(
    { argv: ['sh', '-c', lookText] },
    {
      timeoutMs: lookMs,
      ...(signal === undefined ? {} : { signal }),
    },
  )
  const lines = Buffer.from(result.stdout.bytes).toString('utf8').split('\n')
  if (!lines.includes('looked')) {
    signal?.throwIfAborted()
    const { name } = session.host
    if (result.endedBy === 'timeout')
      return {
        missing: [],
        problem: {
          reason: `it let us in, but did not finish within ${lookMs / 1000} s what sitrep looks at`,
          next: `it may be overloaded; see how long this takes: ssh ${name} uptime`,
        },
      }
    const said = Buffer.from(result.stderr.bytes).toString('utf8').trim().split('\n').at(-1) ?? ''
    const how =
      result.problem ?? (result.endedBy === 'exit' ? `exit ${result.exitCode ?? '?'}` : result.endedBy)
    return {
      missing: [],
      problem: {
        reason: `it let us in, and then ran no command (${how})${said === '' ? '' : `: ${said}`}`,
        next: `try: ssh ${name} true; a login shell or a ForceCommand may stand in the way`,
      },
    }
  }
  const sudo = lines.find((line) => line.startsWith('sudo '))?.slice('sudo '.length)
  const missing = tools.filter(({ tool }) => lines.includes(`missing ${tool}`))
  return { missing, ...(sudo === undefined ? {} : { sudo: sudoWords(sudo) }) }
}

function sudoWords(said: string): string {
  if (said === 'root') return 'not needed, the login is root'
  if (said === 'free') return 'asks for no password'
  const why = said.replace(/^no (sudo: )?/, '').trim()
  return /password is required/.test(why) ? 'asks for a password' : `does not work: ${why}`
}

function interrupted({ name }: Host): NonNullable<HostTest['problem']> {
  return { reason: 'interrupted before it was known', next: `try it again: sitrep hosts --test ${name}` }
}

function problemOf(host: Host, error: unknown): NonNullable<HostTest['problem']> {
  const phase = error instanceof ConnectError ? error.phase : undefined
  const own = error instanceof SitrepError ? error.next : undefined
  return {
    ...(phase === undefined || host.unusable !== undefined ? {} : { phase }),
    reason: messageOf(error),
    next: own ?? adviceFor(host, phase),
  }
}

/** What to do next that helps most often, where the error itself does not say. */
export function adviceFor(host: Host, phase: ConnectPhase | undefined): string {
  const { name, address, port } = host
  switch (phase) {
    case 'resolve':
      return `see that ${address} is right, and that this machine can resolve it: getent hosts ${address}`
    case 'connect':
      return `see that it is up, that ${address}:${port} is right, and what stands between (VPN, firewall, jump host)`
    case 'handshake':
      return `see what answers on ${address}:${port}, and whether its SSH server is overloaded`
    case 'host key':
      return `compare its fingerprint with the host by another way, then: sitrep trust ${name}`
    case 'authentication':
      return `see which key it wants: ssh-add -l, and user and identity_file in: sitrep hosts ${name}`
    default:
      return `try: ssh -v ${name}`
  }
}
