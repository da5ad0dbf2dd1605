import { setTimeout as sleep } from 'node:timers/promises'
import type { OutputListener } from '../model/command.ts'
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

/** Opens a channel with a line that begins as lead.ts says, gives it its input, and tells marks from output. */
export async function converse(
  machine: Machine,
  line: string,
  o: {
    nonce: string
    wrapped: Wrapped
    listener: OutputListener
    onMark?(name: string, value: string): void
    /** Leaves stdin open where no sudo needs it. */
    keepOpen?: boolean
  },
): Promise<Conversation> {
  const marks = new Map<string, string>()
  const { as, input } = o.wrapped
  let waiting: (on: boolean) => void = () => {}
  let sudo: ReturnType<typeof talkToSudo> | undefined
  const early: string[] = []
  const begun = Promise.withResolvers<void>()
  const began = (group: string) => {
    marks.set('begin', group)
    begun.resolve()
  }
  const stdout = createMarkFilter(o.nonce, {
    begin: true,
    onMark: (name, value) => {
      // The streams race; whichever comes first tells the group.
      if (name === 'begin') began(value)
    },
    onData: (chunk) => o.listener('stdout', chunk),
  })
  const stderr = createMarkFilter(o.nonce, {
    begin: true,
    onMark: (name, value) => {
      if (name === 'begin') began(value)
      marks.set(name, value)
      if (sudo) sudo.onMark(name)
      else early.push(name)
      o.onMark?.(name, value)
    },
    onData: (chunk) => o.listener('stderr', chunk),
  })
  const channel = await machine.transport.open(line, (stream, chunk) =>
    (stream === 'stdout' ? stdout : stderr).write(chunk),
  )
  if (input !== '') channel.write(input)
  if (as !== undefined) {
    sudo = talkToSudo({
      channel,
      password: () => machine.passwords.get(machine.host, machine.user, as),
      wrong: () => machine.passwords.forget(machine.host, machine.user),
      waiting: (on) => waiting(on),
    })
    for (const name of early) sudo.onMark(name)
  } else if (!o.keepOpen) channel.end()
  const ended = channel.ended.then((end) => {
    stdout.end()
    stderr.end()
    sudo?.close()
    return end
  })
  return {
    ended,
    async group() {
      await Promise.race([begun.promise, ended, sleep(beginning, undefined, { ref: false })])
      const group = Number(marks.get('begin'))
      return group > 1 ? group : undefined
    },
    as,
    marks,
    banner: () => stderr.before() || stdout.before(),
    sudoProblem: () => sudo?.problem(),
    surelyRan: () => sudo === undefined || sudo.started(),
    onWaiting: (listener) => {
      waiting = listener
    },
    end: () => channel.end(),
    abandon: () => channel.abandon(),
  }
}
