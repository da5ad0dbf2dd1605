import { setTimeout as sleep } from 'node:timers/promises'
import type { OutputListener } from '../model/command.ts'
import type { Order } from './lanes/order.ts'
import { beginText } from './lead.ts'
import type { Machine } from './machine.ts'
import { createMarkFilter } from './marks.ts'
import { talkToSudo } from './sudo/talk.ts'
import type { ChannelEnd } from './transport.ts'
import type { Wrapped } from './wrap.ts'

/** A channel that was opened has this long to say its process group, in milliseconds. */
const beginning = 5000

/** A wrapped command at work in its channel. */
export interface Conversation {
  /** Settles when the channel ended and all of its output was passed on. */
  ended: Promise<ChannelEnd>
  /** The process group on the host; waits a moment for it where the command only just began. */
  group(): Promise<number | undefined>
  /** The user that sudo runs it as. */
  as: string | undefined
  /** What the wrapper said, by name: `folder`, `torn`, `nosudo`, … */
  marks: ReadonlyMap<string, string>
  /** What stood before the wrapper's first word. */
  banner(): string
  /** What went wrong with sudo. */
  sudoProblem(): string | undefined
  /** False only where sudo may have ended it before it ran. */
  surelyRan(): boolean
  /** A listener for the times in which a person is being asked. */
  onWaiting(listener: (on: boolean) => void): void
  end(): void
  abandon(): void
}

/** A wrapped command, and who hears of it. */
export interface Talk {
  nonce: string
  wrapped: Wrapped
  listener: OutputListener
  onMark?(name: string, value: string): void
  /** Leaves stdin open where no sudo needs it. */
  keepOpen?: boolean
  /** It only looks at the host, and may share a kept channel with others: it may be begun twice where that channel breaks. */
  shared?: boolean
  /** It is shared, and a text of ours that has no input and leaves nothing in the background. */
  plain?: boolean
  /** Ends the wait for a channel of its own, which rejects with LinkLost then. */
  signal?: AbortSignal
}

/** A longer input goes through a channel of its own: a shared one takes it into a variable first. */
const sharedInput = 64 * 1024

/**
 * Runs a shell text in a channel of the host, gives it its input, and tells marks from output. The text is preceded by the
 * words that say its process group (lead.ts).
 */
export async function converse(machine: Machine, body: string, o: Talk): Promise<Conversation> {
  const marks = new Map<string, string>()
  const text = `${beginText(o.nonce)}\n${body}`
  const begun = Promise.withResolvers<void>()
  const hear = (stream: 'stdout' | 'stderr', name: string, value: string): boolean => {
    // The streams race; whichever comes first tells the group. All else is said on stderr.
    if (name !== 'begin' && stream === 'stdout') return false
    marks.set(name, value)
    if (name === 'begin') begun.resolve()
    return stream === 'stderr'
  }
  const group = async (...others: Promise<unknown>[]) => {
    await Promise.race([begun.promise, ...others, sleep(beginning, undefined, { ref: false })])
    const number = Number(marks.get('begin'))
    return number > 1 ? number : undefined
  }
  const { as, input } = o.wrapped
  const heard = { marks, text, hear, group, as }
  const shared = o.shared === true && as === undefined && input.length <= sharedInput
  return shared ? among(machine, o, heard) : alone(machine, o, heard)
}

/** What either way of a conversation has. */
interface Heard {
  marks: Map<string, string>
  text: string
  hear(stream: 'stdout' | 'stderr', name: string, value: string): boolean
  group(...others: Promise<unknown>[]): Promise<number | undefined>
  as: string | undefined
}

/** Through a kept channel, among others. */
function among(machine: Machine, o: Talk, { marks, text, hear, group, as }: Heard): Conversation {
  const ended = Promise.withResolvers<ChannelEnd>()
  let banner = ''
  let dropped = false
  const order: Order = {
    nonce: o.nonce,
    text,
    input: o.wrapped.input,
    plain: o.plain === true && o.wrapped.input === '',
    onMark(stream, name, value) {
      if (hear(stream, name, value)) o.onMark?.(name, value)
    },
    onData: (stream, chunk) => {
      if (!dropped) o.listener(stream, chunk)
    },
    onBanner(said) {
      banner = said
    },
    done: ended.resolve,
    dropped: () => dropped,
  }
  machine.lanes.ask(order)
  return {
    ended: ended.promise,
    // One that was not begun is dropped, and ended as soon as it is.
    group: () => group(Promise.resolve()),
    as,
    marks,
    banner: () => banner,
    sudoProblem: () => undefined,
    surelyRan: () => true,
    onWaiting() {},
    end() {},
    abandon() {
      dropped = true
      order.giveUp?.()
      ended.resolve({ lost: 'given up' })
    },
  }
}

/** In a channel that it has to itself. */
async function alone(machine: Machine, o: Talk, heard: Heard): Promise<Conversation> {
  const { marks, text, hear, group, as } = heard
  let waiting: (on: boolean) => void = () => {}
  let sudo: ReturnType<typeof talkToSudo> | undefined
  const early: string[] = []
  const filterOf = (stream: 'stdout' | 'stderr') =>
    createMarkFilter(o.nonce, {
      begin: true,
      onMark: (name, value) => {
        if (!hear(stream, name, value)) return
        if (sudo) sudo.onMark(name)
        else early.push(name)
        o.onMark?.(name, value)
      },
      onData: (chunk) => {
        if (stream === 'stderr') sudo?.heard(chunk)
        o.listener(stream, chunk)
      },
    })
  const filters = { stdout: filterOf('stdout'), stderr: filterOf('stderr') }
  const channel = await machine.lanes.take({
    nonce: o.nonce,
    text,
    listener: (stream, chunk) => void filters[stream].write(chunk),
    begun: () => marks.has('begin'),
    ...(o.signal === undefined ? {} : { signal: o.signal }),
  })
  if (o.wrapped.input !== '') channel.write(o.wrapped.input)
  if (as !== undefined) {
    sudo = talkToSudo({
      channel,
      password: () => machine.passwords.get(machine.host, machine.user, as),
      waiting: (on) => waiting(on),
    })
    for (const name of early) sudo.onMark(name)
  } else if (!o.keepOpen) channel.end()
  const ended = channel.ended.then((end) => {
    // Where the link was cut, what was held back may be the first half of a mark, and is read again by who follows a job.
    if (!('lost' in end)) for (const filter of Object.values(filters)) filter.end()
    sudo?.close()
    return end
  })
  return {
    ended,
    group: () => group(ended),
    as,
    marks,
    banner: () => filters.stderr.before() || filters.stdout.before(),
    sudoProblem: () => sudo?.problem(),
    surelyRan: () => sudo === undefined || sudo.started(),
    onWaiting: (listener) => {
      waiting = listener
    },
    end: channel.end,
    abandon: channel.abandon,
  }
}
