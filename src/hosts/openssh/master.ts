import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Host, LinkTimes } from '../../model/host.ts'
import type { SecretStore } from '../../model/secret.ts'
import { pausable } from '../clock.ts'
import type { ConnectError } from '../errors.ts'
import type { Prompter } from '../prompter.ts'
import { givenUp } from '../ssh2/giveUp.ts'
import { openAskpass } from './askpass.ts'
import { failureOf, lateFor, terrapin } from './failure.ts'
import { linkFolder } from './folder.ts'
import { connectionOptions, controlPath, destination, option } from './options.ts'
import { onlyOwnKeys } from './ownKeys.ts'
import type { Passphrases } from './passphrases.ts'
import { startSsh } from './process.ts'
import { type ChannelEvent, readProgress, saidSince } from './progress.ts'

/** An authenticated connection of the system's ssh, which further ones share over its control socket. */
export interface Master {
  /** The name that ssh is given. */
  name: string
  /** A folder of its own, for its socket and what belongs to it; it goes with the connection. */
  folder: string
  socket: string
  fingerprint: string | undefined
  forwardAgent: boolean
  /** Settles with the reason when the connection has ended. */
  ended: Promise<string>
  /** Calls back for each sign of life of the host. */
  onHeard(listener: () => void): void
  /** Calls back for what becomes of the command of a channel, by the master's number for it. */
  onChannel(listener: (id: number, event: ChannelEvent) => void): () => void
  /** Why the host last gave somebody who goes through it no connection: another object for each time. */
  forwardFailed(): { said: string } | undefined
  close(): Promise<void>
}

/** What starting one may use. */
export interface MasterDeps {
  prompter?: Prompter
  secrets: Pick<SecretStore, 'register'>
  passphrases: Passphrases
  times: LinkTimes
  signal?: AbortSignal
  /** The last hop of the host's way. */
  through?: Master
}

/** Asks of the socket's existence this often where ssh does not say that it is there, in milliseconds. */
const looking = 200

/**
 * Connects and authenticates. Each phase has its own time and name; a person's time is nobody's. Throws ConnectError, an
 * UntrustedKey where ssh did not accept the host's key.
 */
export async function startMaster(host: Host, deps: MasterDeps): Promise<Master> {
  const { prompter, times, through } = deps
  const own = connectionOptions(host, {
    times,
    asks: prompter !== undefined,
    ...(through ? { through } : {}),
  })
  const folder = linkFolder()
  const socket = join(folder, 'm')
  const { signal } = deps
  const keys = await onlyOwnKeys(host, own, {
    folder,
    timeoutMs: times.resolve,
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  const ready = Promise.withResolvers<void>()
  let settled = false
  let waits = 0
  let heard = () => {}
  const fail = (error: ConnectError) => {
    settled = true
    ready.reject(error)
  }
  const channels = new Set<(id: number, event: ChannelEvent) => void>()
  const { progress, write } = readProgress({
    onPhase() {
      heard()
      if (settled) return
      const tampered = progress.phase === 'authentication' ? terrapin(host, progress) : undefined
      if (tampered) fail(tampered)
      else if (progress.phase === 'open') look()
      else startClock()
    },
    onHeard: () => heard(),
    onChannel(id, event) {
      for (const listener of channels) listener(id, event)
    },
  })
  let clock: ReturnType<typeof pausable> | undefined
  const startClock = () => {
    const { phase } = progress
    if (phase === 'open' || phase === 'host key') return
    clock?.stop()
    clock = pausable(times[phase])
    if (waits > 0) clock.pause(true)
    void clock.over.then(() => fail(lateFor(host, phase, times[phase])))
  }
  const waiting = (on: boolean) => {
    const before = waits
    waits += on ? 1 : -1
    if (before === 0 || waits === 0) clock?.pause(on)
  }
  const look = () => {
    if (settled || !existsSync(socket)) return
    settled = true
    ready.resolve()
  }
  let told = 0
  const askpass = prompter
    ? await openAskpass(host, folder, {
        prompter,
        secrets: deps.secrets,
        passphrases: deps.passphrases,
        waiting,
        said() {
          const fresh = progress.phase === 'authentication' ? saidSince(progress, told) : []
          told = progress.lines
          return fresh.join('\n')
        },
        // Nothing is asked over an open connection: it was the host that said so.
        questions: () => progress.questions || progress.phase === 'open',
      })
    : undefined
  const argv = [
    '-vvv',
    '-M',
    '-N',
    '-T',
    ...controlPath(socket),
    ...option('ControlPersist', 'no'),
    ...keys,
    ...own,
    '--',
    destination(host),
  ]
  const ssh = startSsh(argv, { folder, onSaid: write, ...(askpass ? { env: askpass.env } : {}) })
  startClock()
  const timer = setInterval(look, looking)
  const give = () => fail(givenUp(host))
  if (deps.signal?.aborted) give()
  deps.signal?.addEventListener('abort', give, { once: true })
  void ssh.ended.then((code) => fail(failureOf(host, progress, code)))
  try {
    await ready.promise
  } catch (error) {
    await ssh.end()
    throw error
  } finally {
    clock?.stop()
    clearInterval(timer)
    deps.signal?.removeEventListener('abort', give)
    askpass?.close()
  }
  const before = progress.lines
  return {
    name: destination(host),
    folder,
    socket,
    fingerprint: progress.fingerprint,
    forwardAgent: host.forwardAgent === true,
    ended: ssh.ended.then(() => saidSince(progress, before).at(-1) ?? 'the host closed the connection'),
    onHeard(listener) {
      heard = listener
    },
    onChannel(listener) {
      channels.add(listener)
      return () => channels.delete(listener)
    },
    forwardFailed: () => progress.forwardFailed,
    close: () => ssh.end(),
  }
}
