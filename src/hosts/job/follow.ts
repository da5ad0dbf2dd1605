import { performance } from 'node:perf_hooks'
import type { Command, JobOptions, OutputListener, RunResult } from '../../model/command.ts'
import type { LockRequest } from '../../model/lock.ts'
import { stillRunning } from '../../model/stillRunning.ts'
import type { Conversation } from '../converse.ts'
import type { Machine } from '../machine.ts'
import { drawNonce } from '../marks.ts'
import { collect } from '../output.ts'
import { type ChannelEnd, LinkLost } from '../transport.ts'
import type { Wrapped } from '../wrap.ts'
import { back } from './back.ts'
import { notOurs, outcomeOf, rebooted, unknowns } from './outcome.ts'
import { type Heard, type Offsets, type Pass, pass } from './pass.ts'
import { attachText } from './text.ts'

/** How often a channel that ends over a link that lives, and says nothing new, is opened anew. */
const tries = 3

/** A job that is being followed. */
export interface Followed {
  /** The first channel. */
  talk: Conversation
  /** Settles when the host said whether there is a job. */
  known: Promise<void>
  /** True where it said that there is none. */
  none(): boolean
  /** Why it was not started, where it wanted something to itself. */
  refused(): string | undefined
  /** Settles when the job's end is known, or can't be. */
  done: Promise<RunResult>
  /** The result of a job that took too long and could not be ended, with what a look found of it. */
  soFar(left: string): RunResult
}

/**
 * Follows a job to its end: over the channel that starts it or attaches to it, and where the link is lost, over the next one
 * from the byte on that was not heard yet. Throws LinkLost where not even the first channel could be opened.
 */
export async function followToEnd(
  machine: Machine,
  id: string,
  o: Pick<JobOptions, 'onOutput' | 'signal' | 'over'> & {
    /** What the first channel runs; it is given once more where the host never said that it heard it. */
    begin(): { nonce: string; text: string; wrapped: Wrapped }
    /** What it wants to have to itself. */
    lock: LockRequest | undefined
    command: Command
    from: Offsets
    endedBy(): 'timeout' | 'cancel' | undefined
  },
): Promise<Followed> {
  const started = performance.now()
  const out = collect()
  const err = collect()
  const deliver: OutputListener = (stream, chunk) => {
    const sink = stream === 'stdout' ? out : err
    sink.add(chunk)
    o.onOutput?.(stream, chunk)
  }
  let beginning: Pass | undefined
  const heard: Heard = { at: { ...o.from }, said: new Map(), as: undefined, there: false }
  const begin = async () => {
    const order = o.begin()
    heard.as = order.wrapped.as
    const signal = o.signal === undefined ? {} : { signal: o.signal }
    beginning = await pass(machine, { ...order, heard, deliver, ...signal })
    return beginning
  }
  const goOn = () => {
    const nonce = drawNonce()
    const text = attachText({ nonce, id, from: heard.at })
    return pass(machine, { nonce, text, wrapped: { text: '', input: '' }, heard, deliver })
  }
  const first = await begin()
  const known = Promise.withResolvers<void>()
  let { talk } = first

  const rest = () => ({ stdout: out.output(), stderr: err.output(), ms: performance.now() - started })
  const read = (): RunResult | undefined => {
    const refused = notOurs(talk.marks, o.lock)
    if (refused !== undefined) return { endedBy: 'exit', ...rest(), ...refused }
    const result = outcomeOf({
      marks: talk.marks,
      command: o.command,
      said: heard.said,
      sudoProblem: () => beginning?.talk.sudoProblem(),
      surelyRan: () => heard.as === undefined || heard.said.has('started') || o.from.stderr > 0,
      ...rest(),
    })
    const by = o.endedBy()
    if (by === undefined || result === undefined || result.problem === rebooted || result.removed)
      return result
    const { exitCode } = result
    return { endedBy: by, ...rest(), ...(exitCode === undefined ? {} : { exitCode }) }
  }
  const lost = (end: ChannelEnd): RunResult => {
    if (!talk.marks.has('begin') && !heard.there && !('lost' in end)) {
      const said = talk.banner().trim()
      const problem = `the login shell did not run the command${said && `: ${said}`}`
      return { endedBy: 'exit', ...rest(), began: 'no', problem }
    }
    const why = 'lost' in end ? end.lost : 'the channel that followed the job ended'
    const then = heard.there
      ? 'the command goes on on the host'
      : 'it is not known whether the command started'
    const began = heard.there ? {} : { began: 'perhaps' as const }
    return { endedBy: 'lost', ...rest(), ...began, problem: `${why}; ${then}` }
  }

  const gone = (): RunResult => ({
    endedBy: 'lost',
    ...rest(),
    removed: true,
    problem: unknowns.removed ?? '',
  })

  const run = async (): Promise<RunResult> => {
    let left = tries
    for (;;) {
      const before = heard.at.stdout + heard.at.stderr
      const end = await talk.ended
      const result = read()
      if (result !== undefined || talk.marks.has('none')) {
        heard.words?.end()
        return read() ?? gone()
      }
      if (heard.at.stdout + heard.at.stderr > before || 'lost' in end) left = tries
      // Without a word, and with the link alive, it was the login shell that refused.
      if (!('lost' in end) && (!heard.there || left-- === 0)) return lost(end)
      if (!(await back(machine))) return lost(end)
      // Another console looked after it: whatever it found, nothing starts any more.
      if (!heard.there && o.over?.() === true) return lost(end)
      try {
        const next = await (heard.there ? goOn() : begin())
        talk = next.talk
        void next.known.then(() => heard.there && known.resolve())
      } catch (error) {
        if (error instanceof LinkLost) return lost({ lost: error.message })
        throw error
      }
    }
  }
  const done = run()
  void first.known.then(() => {
    if (heard.there || talk.marks.size > 1) known.resolve()
  })
  return {
    talk: first.talk,
    known: known.promise,
    none: () => talk.marks.has('none') && !heard.there,
    soFar: (left) => ({
      endedBy: 'lost',
      ...rest(),
      problem: `${stillRunning(left)}; it did not end in time`,
    }),
    refused: () => notOurs(talk.marks, o.lock)?.problem,
    done,
  }
}
