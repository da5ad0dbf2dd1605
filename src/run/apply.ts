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
    const start = await context
      .append('step.started', {
        ...ref,
        change: o.undoing === true ? -1 : before + index,
        of: before + changes.length,
        say: change.say,
        ...(command === undefined ? {} : { command }),
        undo,
        undoHash: hashOf(undo),
      })
      .catch(refusal)
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
    const result = await keeping(context.keep, (keeper) => {
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
        journaled: async (result, after) => {
          if (after !== undefined) started.after = after
          await journalResult(context, ref, start.id, result, { kept: await keeper.end(), after })
          // Where the host could not be told, its job's folder has to say that the change was begun.
          if (result.endedBy !== 'lost' && (await o.armed?.ended(start.id)) === false)
            deps.leavesFolder = true
        },
      }
      return context.carry(change, start.id, deps)
    })
    done.results.push(result)
    if (!wentWell(result)) return { ...done, bad: result }
  }
  return done
}

/** The result of a change that was journaled, and then not begun. */
function notBegun(problem: string): RunResult {
  const none = () => ({ bytes: new Uint8Array(), total: 0, cut: false })
  return { endedBy: 'exit', stdout: none(), stderr: none(), ms: 0, problem }
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
