import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HeldLock, LockAnswer, LockHolder, LockRequest } from '../../model/lock.ts'
import { beginText } from '../lead.ts'
import type { Machine } from '../machine.ts'
import { createMarkFilter, drawNonce } from '../marks.ts'
import { type Channel, type ChannelEnd, LinkLost } from '../transport.ts'
import { holderOf } from './holder.ts'
import { keepText } from './text.ts'

/** How long a lock outlives a link that says nothing, in seconds. */
const lasting = 30

/** A host that does not say what became of a lock is given up after this, in milliseconds. */
const patience = 15_000

/** Between two attempts to have the keeper of a lock back, in milliseconds. */
const pause = 1000

/**
 * Takes resources of the host, all or none, and keeps them: a shell on the host holds the lock for as long as its channel
 * lives and renews it when it is told to. Where the link comes back after a loss, the lock is joined again, if it is still
 * there to be had; a job that wants it finds out in any case, for it joins the lock itself. Where the host has no channel to
 * spare for that, the shell leaves the lock behind, and comes again for a moment before it runs out.
 */
export async function takeLock(machine: Machine, request: LockRequest): Promise<LockAnswer> {
  const seconds = request.seconds ?? lasting
  let keeper: Keeper
  try {
    keeper = await openKeeper(machine, request, seconds)
  } catch (error) {
    if (error instanceof LinkLost) return { is: 'failed', reason: error.message }
    throw error
  }
  if (keeper.holder !== undefined) return { is: 'theirs', holder: keeper.holder }
  if (!keeper.held) return { is: 'failed', reason: keeper.reason() }
  return { is: 'ours', lock: hold(machine, request, seconds, keeper) }
}

function hold(machine: Machine, request: LockRequest, seconds: number, first: Keeper): HeldLock {
  const over = new AbortController()
  const since = performance.now()
  let keeper = first
  let looks = request.looks === true
  const joining = (): LockRequest => {
    const { looks: _, over: __, ...kept } = request
    return { ...kept, joins: (performance.now() - since) / 1000 }
  }
  const again = async (): Promise<void> => {
    for (;;) {
      const end = await keeper.channel.ended
      const left = keeper.left()
      if (over.signal.aborted || (!left && !('lost' in end)) || keeper.overtaken()) return
      for (;;) {
        const wait = left ? (seconds * 1000) / 3 : pause * (0.5 + Math.random())
        await sleep(wait, undefined, { signal: over.signal }).catch(() => undefined)
        if (over.signal.aborted || machine.transport.state().is === 'refused') return
        const { signal } = over
        const next = await openKeeper(machine, { ...joining(), looks }, seconds, { signal }).catch(
          () => undefined,
        )
        if (next === undefined) continue
        if (!next.held) return
        if (over.signal.aborted) return next.release()
        keeper = next
        if (left) keeper.leave()
        break
      }
    }
  }
  /** Of a lock that was left behind. */
  const giveBack = async (): Promise<void> => {
    const last = await openKeeper(machine, joining(), seconds, { stays: true }).catch(() => undefined)
    if (last?.held) await last.release()
  }
  const lasts = again()
  const timer = setInterval(() => keeper.channel.write('renew\n'), (seconds * 1000) / 3)
  timer.unref()
  let released: Promise<void> | undefined
  return {
    id: request.id,
    resources: request.resources,
    over: first.over,
    ...(first.unexcluded() === undefined ? {} : { unexcluded: first.unexcluded() ?? '' }),
    ...(first.recent() === undefined ? {} : { recent: first.recent() ?? 0 }),
    joining,
    keep() {
      if (looks) keeper.channel.write('keep\n')
      looks = false
    },
    release() {
      released ??= (async () => {
        clearInterval(timer)
        over.abort()
        if (!keeper.left()) await keeper.release()
        await lasts
        if (keeper.left()) await giveBack()
      })()
      return released
    },
  }
}

/** The shell on the host that keeps a lock. */
interface Keeper {
  channel: Channel
  held: boolean
  /** Who has it, where it is another's. */
  holder: LockHolder | undefined
  over: LockHolder[]
  unexcluded(): string | undefined
  recent(): number | undefined
  overtaken(): boolean
  /** Gives the channel up, and leaves the lock as it is. */
  leave(): void
  left(): boolean
  /** Why it is not held. */
  reason(): string
  /** Tells it to give the lock back, and waits a moment until it did. */
  release(): Promise<void>
}

/**
 * Opens the channel of a keeper, and settles when the host has said what became of the lock. One that `stays` is not asked to
 * give its channel up. Rejects with LinkLost.
 */
async function openKeeper(
  machine: Machine,
  request: LockRequest,
  seconds: number,
  { signal, stays }: { signal?: AbortSignal; stays?: true } = {},
): Promise<Keeper> {
  const nonce = drawNonce()
  const marks = new Map<string, string>()
  const over: LockHolder[] = []
  const said = Promise.withResolvers<void>()
  let rest = ''
  const words = createMarkFilter(nonce, {
    begin: true,
    onMark: (name, value) => {
      if (name === 'over') over.push(holderOf(value, request.resources))
      else if (name === 'recent')
        marks.set(name, String(Math.min(Number(value), Number(marks.get(name) ?? 60))))
      else marks.set(name, value)
      if (name === 'held' || name === 'locked' || name === 'lockfailed') said.resolve()
    },
    onData: (chunk) => {
      if (rest.length < 500) rest += Buffer.from(chunk).toString('utf8')
    },
  })
  let left = false
  const leaving = Promise.withResolvers<void>()
  const leave = () => {
    left = true
    leaving.resolve()
  }
  const channel = await machine.lanes.take({
    nonce,
    text: `${beginText(nonce)}\n${keepText(request, nonce, seconds)}`,
    listener: (stream, chunk) => {
      if (stream === 'stderr') words.write(chunk)
    },
    begun: () => marks.has('begin'),
    ...(stays === true ? {} : { leave }),
    ...(signal === undefined ? {} : { signal }),
  })
  let end: ChannelEnd | undefined
  const ended = channel.ended.then((how) => {
    end = how
    words.end()
  })
  /** A host that does not hear what is asked of it is not waited for. */
  const impatiently = () => {
    const impatient = setTimeout(() => channel.abandon(), patience)
    void ended.then(() => clearTimeout(impatient))
  }
  // It may be asked to go as soon as it comes: it leaves when it has the lock.
  void leaving.promise.then(() => {
    channel.write('leave\n')
    channel.end()
    impatiently()
  })
  const timer = setTimeout(said.resolve, patience)
  await Promise.race([said.promise, ended])
  clearTimeout(timer)
  const held = marks.has('held')
  // One that hangs must not take the lock when nobody waits for it any more: its stdin's end gives it back.
  if (!held) channel.end()
  const locked = marks.get('locked')
  return {
    channel,
    held,
    holder: locked === undefined ? undefined : holderOf(locked, request.resources),
    over,
    unexcluded: () => marks.get('unexcluded'),
    recent: () => (marks.has('recent') ? Number(marks.get('recent')) : undefined),
    overtaken: () => marks.has('overtaken'),
    leave,
    left: () => left,
    reason() {
      const failed = marks.get('lockfailed')
      if (failed !== undefined) return failed
      if (end !== undefined && 'lost' in end) return end.lost
      return (
        rest.trim().split('\n').at(-1) || words.before().trim() || 'the host did not say whether it is free'
      )
    },
    async release() {
      channel.write('release\n')
      channel.end()
      impatiently()
      await ended
    },
  }
}
