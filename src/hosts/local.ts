import type { ChildProcess } from 'node:child_process'
import { userInfo } from 'node:os'
import type { OutputListener, Session } from '../model/command.ts'
import type { Host } from '../model/host.ts'
import type { SecretStore } from '../model/secret.ts'
import { createSession } from './session.ts'
import { closedState, keepState, now } from './states.ts'
import type { SudoPasswords } from './sudo/passwords.ts'
import { type Channel, type ChannelEnd, LinkLost, type Transport } from './transport.ts'

/** A background process may hold the streams of one that has ended; they are given up after this silence, in milliseconds. */
const lingering = 1000

/** A session on this machine, with the semantics of one over SSH. */
export function createLocalSession(
  host: Host,
  deps: { secrets: Pick<SecretStore, 'value'>; passwords: SudoPasswords; gentleMs?: number },
): Session {
  const { secrets, passwords, gentleMs } = deps
  const user = userInfo().username
  return createSession({
    host,
    user,
    transport: localTransport(),
    secrets,
    passwords,
    ...(gentleMs === undefined ? {} : { gentleMs }),
  })
}

type Execa = typeof import('execa').execa

/** Channels that are processes of this machine, each the leader of a session of its own. */
export function localTransport(): Transport {
  const state = keepState({ is: 'ready', since: now() })
  const open = new Set<Channel>()
  return {
    async open(line, listener) {
      if (state.get().is !== 'ready') throw new LinkLost('the session was closed')
      const { execa } = await import('execa')
      if (state.get().is !== 'ready') throw new LinkLost('the session was closed')
      const channel = startProcess(execa, line, listener)
      open.add(channel)
      void channel.ended.then(() => open.delete(channel))
      return channel
    },
    state: state.get,
    onState: state.on,
    async close() {
      state.set(closedState())
      for (const channel of open) channel.abandon()
    },
  }
}

function startProcess(execa: Execa, line: string, listener: OutputListener): Channel {
  const child = execa('sh', ['-c', line], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    detached: true,
    encoding: 'buffer',
  })
  const ended = Promise.withResolvers<ChannelEnd>()
  let exit: ChannelEnd | undefined
  let timer: NodeJS.Timeout | undefined
  const finish = (end: ChannelEnd) => {
    clearTimeout(timer)
    child.stdin.destroy()
    child.stdout.destroy()
    child.stderr.destroy()
    ended.resolve(end)
  }
  const linger = () => {
    if (!exit) return
    const end = exit
    clearTimeout(timer)
    timer = setTimeout(() => finish(end), lingering)
  }
  child.stdin.on('error', () => {})
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      listener(stream, chunk)
      linger()
    })
    child[stream].on('error', () => {})
  }
  child.nodeChildProcess.on('error', (error) => finish({ lost: error.message }))
  child.nodeChildProcess.on('exit', (code, signal) => {
    exit = code === null ? { signal: signal ?? 'SIGKILL' } : { code }
    linger()
  })
  child.nodeChildProcess.on('close', () => finish(exit ?? { lost: 'the process could not be started' }))
  // Its own promise says nothing that the events do not; unread it would be a floating one.
  child.catch(() => {})
  return {
    write: (data) => void (child.stdin.writable && child.stdin.write(data)),
    end: () => void child.stdin.end(),
    ended: ended.promise,
    abandon() {
      if (!exit) giveUp(child.nodeChildProcess)
      finish(exit ?? { lost: 'given up' })
    },
  }
}

/** Ends what still runs in the channel (a job does not: it has a session of its own), and lets our program end without it. */
function giveUp(child: ChildProcess): void {
  child.unref()
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
  } catch {
    // It was gone already.
  }
}
