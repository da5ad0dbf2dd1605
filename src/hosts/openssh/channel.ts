import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import type { OutputListener } from '../../model/command.ts'
import { type Channel, type ChannelEnd, LinkLost } from '../transport.ts'
import type { Master } from './master.ts'
import { clientOptions, option } from './options.ts'
import { watchChannel } from './watch.ts'

/** A background process of the host may keep the streams open; they are given up after this silence, in milliseconds. */
const lingering = 1000
/** How long the end of the master is waited for where a channel of it ended, for its reason, in milliseconds. */
const reason = 1000
let count = 0

/**
 * Asks for one channel: an ssh that hands its streams to the master. 'crowded' where the host allows no more of them. Throws
 * LinkLost where nothing ran; where that is not sure, the channel is one that was lost.
 *
 * ssh exits with 255 where the connection failed, where a signal ended the command, and where the command itself exited with
 * 255; and it stays until the last background process of the host has closed its streams. What happened is in what it and the
 * master say: `master session id` names the channel, and the master tells when its command runs and has ended.
 */
export async function askChannel(
  master: Master,
  line: string,
  o: {
    listener: OutputListener
    /** Why the link is over. */
    lost(): string | undefined
    signal: AbortSignal | undefined
  },
): Promise<Channel | 'crowded'> {
  const log = join(master.folder, `channel-${++count}`)
  const own = [...option('LogLevel', 'DEBUG2'), '-E', log, '-T', '-x', master.forwardAgent ? '-A' : '-a']
  const child = execa('ssh', [...clientOptions(master.socket), ...own, '--', master.name, line], {
    stdio: 'pipe',
    buffer: false,
    reject: false,
    detached: true,
    encoding: 'buffer',
  })
  const opened = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<ChannelEnd>()
  /** The master has said how the command ended. */
  const told = Promise.withResolvers<void>()
  let exit: ChannelEnd | undefined
  let over = false
  let timer: NodeJS.Timeout | undefined
  const said = () => readSaid(log)
  const finish = (end: ChannelEnd) => {
    if (over) return
    over = true
    clearTimeout(timer)
    watch.stop()
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    rmSync(log, { force: true })
    opened.resolve()
    ended.resolve(end)
  }
  let givenUp = false
  const giveUp = () => {
    givenUp = true
    child.nodeChildProcess.kill('SIGTERM')
    finish(exit ?? { lost: o.lost() ?? 'given up' })
  }
  const linger = () => {
    if (!exit || over) return
    clearTimeout(timer)
    timer = setTimeout(giveUp, lingering)
  }
  const watch = watchChannel(master, said, {
    onOpen: opened.resolve,
    onExit(end) {
      exit ??= end
      linger()
    },
    onTold: told.resolve,
  })
  child.stdin.on('error', () => {})
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('error', () => {})
    child[stream].on('data', (chunk: Buffer) => {
      o.listener(stream, chunk)
      opened.resolve()
      linger()
    })
  }
  // Its own promise says nothing that the events do not; unread it would be a floating one.
  child.catch(() => {})
  const closed = new Promise<number | 'killed' | 'not started'>((resolve) => {
    child.nodeChildProcess.on('error', () => resolve('not started'))
    child.nodeChildProcess.on('close', (code) => resolve(code ?? 'killed'))
  })
  const outcome = closed.then(async (code): Promise<'crowded' | 'nothing' | 'ran'> => {
    if (over) return 'ran'
    const words = said()
    const judged = judge(code, words)
    if (judged === 'crowded' && o.lost() === undefined) {
      finish({ lost: 'crowded' })
      return 'crowded'
    }
    if (typeof judged === 'object') finish(judged)
    else {
      if (watch.last() !== undefined) told.resolve()
      const lost = await lostReason(master, told.promise, o.lost)
      const last = watch.last()
      // The master lives: so it is the command that ended without a status.
      if (lost !== undefined) finish({ lost })
      else if (last !== undefined && 'signal' in last) finish(last)
      else finish({ lost: refusedWords(words) ?? 'the channel ended without an exit status' })
    }
    return judged === 'nothing' || judged === 'crowded' ? 'nothing' : 'ran'
  })
  o.signal?.addEventListener('abort', giveUp, { once: true })
  if (o.signal?.aborted) giveUp()
  await opened.promise
  o.signal?.removeEventListener('abort', giveUp)
  const channel: Channel = {
    write: (data) => void (child.stdin.writable && child.stdin.write(data)),
    end: () => void child.stdin.end(),
    ended: ended.promise,
    abandon: giveUp,
  }
  // What gave no sign before it ended is judged by its end.
  const how = over && !givenUp ? await outcome : 'ran'
  if (how === 'crowded') return 'crowded'
  if (how === 'ran') return channel
  const end = await ended.promise
  throw new LinkLost('lost' in end ? end.lost : 'the link was lost')
}

/** How an ssh for one channel ended: with the command's status, without any channel, or not to be told from this alone. */
function judge(
  code: number | 'killed' | 'not started',
  words: string,
): ChannelEnd | 'crowded' | 'nothing' | 'unsure' {
  if (code === 'not started') return 'nothing'
  if (code === 'killed') return 'unsure'
  if (code !== 255 || /exit status from master 255/.test(words)) return { code }
  if (/session request failed/i.test(words))
    return /open refused|open fail/i.test(words) ? 'crowded' : 'nothing'
  if (/Control socket.*(does not exist|connect\()/i.test(words)) return 'nothing'
  return 'unsure'
}

const refusedWords = (words: string): string | undefined =>
  /session request failed: (.*)/i.exec(words)?.[1] ?? /(exec request failed.*)/i.exec(words)?.[1]

function readSaid(log: string): string {
  try {
    return readFileSync(log, 'utf8')
  } catch {
    return ''
  }
}

/** Why the link is over, where it is: the reason of the master's end may come a moment after the end of its channels. */
async function lostReason(
  master: Master,
  told: Promise<unknown>,
  lost: () => string | undefined,
): Promise<string | undefined> {
  const before = lost()
  if (before !== undefined) return before
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), reason)
  const why = await Promise.race([master.ended, told.then(() => undefined), late])
  clearTimeout(timer)
  return lost() ?? (why === undefined ? undefined : `the link was lost: ${why}`)
}
