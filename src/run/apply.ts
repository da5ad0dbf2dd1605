import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PlannedChange } from '../model/action.ts'
import type { RunResult, Sha256 } from '../model/command.ts'
import { describeChange } from '../model/describe.ts'
import { SitrepError } from '../model/errors.ts'
import type { RevertRef } from '../model/incident.ts'
import { lastLine, type ToText, wholeText } from '../model/said.ts'
import { type CarryDeps, learner, type RunContext } from './context.ts'
import { hashOf } from './hash.ts'
import { type Kept, keeping } from './keep.ts'
import { neverBegan } from './left.ts'
import type { Armed } from './revert/arm.ts'
import { shownLine } from './shown.ts'

/** One change that was started, with what is needed to take it back. */
export interface Started {
  /** The id of its `step.started` event. */
  id: string
  undo: PlannedChange['undo']
  after?: Record<string, Sha256>
  /** True where an undo of it was begun before, and did not come to its end. */
  tried?: boolean
  /** The revert that waits on the host to take it back. */
  revert?: RevertRef
}

/** The changes of a plan that were carried out, up to the first that did not end well. */
export interface Applied {
  results: RunResult[]
  started: Started[]
  /** The result that ended it early. */
  bad?: RunResult
  /** Why the next change was not begun: its start could not be recorded. */
  refused?: SitrepError
}

/** True where a change did what it should. */
export function wentWell(result: RunResult): boolean {
  return result.endedBy === 'exit' && result.exitCode === 0 && result.problem === undefined
}

/** Why a result is not what it should be, in one line. */
export function whyBad(result: RunResult, text: ToText): string {
  if (result.problem !== undefined) return shownLine(result.problem, text)
  if (result.endedBy === 'timeout') return `did not end within ${Math.floor(result.ms / 1000)} s`
  if (result.endedBy === 'cancel') return 'cancelled'
  if (result.endedBy === 'lost') return 'the link was lost; what became of it is not known'
  const said = lastLine(wholeText(result.stderr, text)) ?? lastLine(wholeText(result.stdout, text))
  const how =
    result.endedBy === 'signal' ? `ended by ${result.signal ?? 'a signal'}` : `exit ${result.exitCode ?? '?'}`
  return said === undefined ? how : `${how}: ${said}`
}

/**
 * Carries out changes one after another. Each is journaled with its undo before it starts, and with its result after;
 * the id of the first event is the job's id on the host, so that it starts at most once. `before` is how many changes of
 * the same plan were carried out already. Where the start of a later change can't be recorded, it is not begun, and the
 * caller looks after those before it.
 */
export async function applyChanges(
  context: RunContext,
  unit: { step: string; host: string; timeoutMs?: number },
  changes: readonly PlannedChange[],
  o: {
    undoing?: boolean
    before?: number
    armed?: Armed | undefined
    /** The record of the approval, where it is not known yet to be on disk: nothing starts before it is. */
    approved?: Promise<unknown>
    /** Files of the host as the inspection read them. */
    seen?: ReadonlyMap<string, Uint8Array>
  } = {},
): Promise<Applied> {
  const before = o.before ?? 0
  const done: Applied = { results: [], started: [] }
  const ref = { run: context.run, step: unit.step, host: unit.host }
  const session = await context.session(unit.host)
  for (const [index, { do: change, undo }] of changes.entries()) {
    const command = describeChange(change)
    const recording = context.append('step.started', {
      ...ref,
      change: o.undoing === true ? -1 : before + index,
      of: before + changes.length,
      say: change.say,
      ...(command === undefined ? {} : { command }),
      undo,
      undoHash: hashOf(undo),
    })
    const start = await Promise.all([recording, o.approved]).then(([record]) => record, refusal)
    if (start instanceof SitrepError) {
      // What was begun before it is still looked after; where nothing was, there is nothing to look after.
      if (done.started.length + before === 0 || o.undoing === true) throw start
      return { ...done, refused: start }
    }
    const late = await o.armed?.begin(index, start.id)
    if (late !== undefined) {
      await journalResult(context, ref, start.id, notBegun(neverBegan))
      return { ...done, bad: notBegun(`${neverBegan}: ${late}`) }
    }
    const started: Started = { id: start.id, undo, ...(o.armed === undefined ? {} : { revert: o.armed.ref }) }
    done.started.push(started)
    context.progress({ step: unit.step, host: unit.host, doing: change.say })
    let elsewhere: RunResult | undefined
    const carried = await keeping(context.keep, (keeper) => {
      const deps: CarryDeps = {
        session,
        local: context.local,
        ...(o.seen === undefined ? {} : { seen: o.seen }),
        secrets: context.secrets,
        signal: context.signal,
        ...(unit.timeoutMs === undefined ? {} : { timeoutMs: unit.timeoutMs }),
        onOutput: (stream, chunk) => {
          keeper.chunk(stream, chunk)
          context.onOutput?.(unit.host, stream, chunk)
        },
        learned: learner(context, unit.host),
        over: () => context.endOf?.(start.id) !== undefined,
        journaled: async (result, after) => {
          if (after !== undefined) started.after = after
          elsewhere = await knownEnd(context, start.id, result)
          if (elsewhere !== undefined) return
          await journalResult(context, ref, start.id, result, { kept: await keeper.end(), after })
          // Where the host could not be told, its job's folder has to say that the change was begun.
          if (result.endedBy !== 'lost' && (await o.armed?.ended(start.id)) === false)
            deps.leavesFolder = true
        },
      }
      return context.carry(change, start.id, deps)
    })
    const result = elsewhere ?? carried
    // What surely never ran is not taken back.
    if (result.began === 'no') done.started.pop()
    done.results.push(result)
    if (!wentWell(result)) return { ...done, bad: result }
  }
  return done
}

/**
 * The end that another console recorded of a change, where we did not see it: it lost its link here, or found its id taken.
 * Where the job's folder went, whoever removed it recorded first; its record may take a moment to arrive.
 */
async function knownEnd(
  { endOf }: Pick<RunContext, 'endOf'>,
  started: string,
  result: RunResult,
): Promise<RunResult | undefined> {
  if (endOf === undefined || (result.endedBy !== 'lost' && result.began !== 'no')) return undefined
  const known = await atOnceOrSoon(() => endOf(started), result.removed === true ? 3000 : 0)
  if (known?.problem !== neverBegan) return known
  return result.began === 'no' ? result : notBegun(`${neverBegan}: another console looked for it first`)
}

/** Asks until there is an answer, for at most so many milliseconds; at least once. */
export async function atOnceOrSoon<T>(ask: () => T | undefined, ms: number): Promise<T | undefined> {
  const until = performance.now() + ms
  for (;;) {
    const answer = ask()
    if (answer !== undefined || performance.now() >= until) return answer
    await sleep(50)
  }
}

/** The result of a change that was journaled, and then not begun. */
function notBegun(problem: string): RunResult {
  const none = () => ({ bytes: new Uint8Array(), total: 0, cut: false })
  return { endedBy: 'exit', stdout: none(), stderr: none(), ms: 0, began: 'no', problem }
}

/** The error of a start that could not be recorded; any other is thrown. */
function refusal(error: unknown): SitrepError {
  if (error instanceof SitrepError && error.kind === 'recording') return error
  throw error
}

/** Journals what became of a started change, with what was kept of its output beside the journal. */
export async function journalResult(
  context: Pick<RunContext, 'append' | 'text'>,
  ref: { run: string; step: string; host: string },
  started: string,
  result: RunResult,
  { kept = {}, after }: { kept?: Kept; after?: Record<string, Sha256> | undefined } = {},
): Promise<void> {
  await context.append('step.applied', {
    ...ref,
    started,
    endedBy: result.endedBy,
    ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
    ...(result.signal === undefined ? {} : { signal: result.signal }),
    ...(result.problem === undefined ? {} : { problem: shownLine(result.problem, context.text, 2000) }),
    ...(result.began === undefined ? {} : { began: result.began }),
    ms: Math.round(result.ms),
    stdout: head(wholeText(result.stdout, context.text)),
    stderr: head(wholeText(result.stderr, context.text)),
    ...kept,
    ...(after === undefined ? {} : { after }),
  })
}

/** True where `head` gives the whole text, but for a newline at its end. */
export function isShort(text: string): boolean {
  return head(text) === text.replace(/\n$/, '')
}

/** The first 20 lines, at most 2,000 characters. */
export function head(text: string): string {
  const lines = text.split('\n').slice(0, 20).join('\n')
  return lines.length > 2000 ? `${lines.slice(0, 2000)}…` : lines.replace(/\n$/, '')
}
