import type { Command, Output, RunResult } from '../../model/command.ts'
import { type LockRequest, sayHolder } from '../../model/lock.ts'
import { stillRunning } from '../../model/stillRunning.ts'
import { holderOf } from '../lock/holder.ts'
import { createMarkFilter } from '../marks.ts'
import { collect } from '../output.ts'
import { exitOf, notRun } from '../result.ts'

/** Why nobody will ever know: the host was started anew. */
export const rebooted = 'the host was rebooted while the command ran'

/** Why the outcome of a job can't be known, by the mark that says so. */
export const unknowns: Readonly<Record<string, string>> = {
  'torn-exit': "the job's exit file is empty or torn",
  reboot: rebooted,
  removed: "the job's folder is not on the host any more: another console may have recorded its end",
  never: 'the job was prepared, but nothing shows that its command ever ran',
  gone: 'the job was killed before it could write down its exit code',
  full: "no space left on the host's disk: the exit code could not be written",
}

/** Words for a command that goes on without the process that would have written down its exit code. */
export const withoutSupervisor = (left: string): string => `${left}; what watched over it was killed`

/** What the marks of a follow or a look say of a job that is over; undefined where it is not. */
export function outcomeOf(o: {
  marks: ReadonlyMap<string, string>
  command: Pick<Command, 'cwd'>
  /** What the wrapper said within the job itself. */
  said: ReadonlyMap<string, string>
  sudoProblem(): string | undefined
  surelyRan(): boolean
  stdout: Output
  stderr: Output
  ms: number
}): RunResult | undefined {
  const { marks, stdout, stderr, ms } = o
  const rest = { stdout, stderr, ms }
  const folder = marks.get('nofolder')
  if (folder !== undefined) {
    const problem = `job folder: ${folder}; the command was not started`
    return { endedBy: 'exit', ...rest, began: 'no', problem }
  }
  if (marks.has('unbegun')) return { endedBy: 'exit', exitCode: 125, ...rest, began: 'no' }
  const exit = marks.get('exit')
  if (exit !== undefined) {
    if (!/^\d{1,3}$/.test(exit)) return { endedBy: 'lost', ...rest, problem: unknowns['torn-exit'] ?? '' }
    const end = { code: Number(exit) }
    const said = new Map([['begin', ''], ...o.said])
    const talk = { marks: said, banner: () => '', sudoProblem: o.sudoProblem, surelyRan: o.surelyRan }
    const problem = notRun({ argv: [], ...o.command }, talk, end, stderr.bytes)
    if (problem !== undefined) return { endedBy: 'exit', ...rest, began: 'no', problem }
    return { ...exitOf(end.code), ...rest }
  }
  const left = marks.get('left')
  if (left !== undefined) return { endedBy: 'lost', ...rest, problem: stillRunning(withoutSupervisor(left)) }
  if (marks.has('removed'))
    return { endedBy: 'lost', ...rest, removed: true, problem: unknowns.removed ?? '' }
  const why = Object.keys(unknowns).find((name) => marks.has(name))
  return why === undefined ? undefined : { endedBy: 'lost', ...rest, problem: unknowns[why] ?? why }
}

/** Why a job was not started that wanted something to itself; undefined where it got it. */
export function notOurs(
  marks: ReadonlyMap<string, string>,
  lock: LockRequest | undefined,
): Pick<RunResult, 'problem' | 'lockedBy' | 'began'> | undefined {
  const locked = marks.get('locked')
  if (locked !== undefined) {
    const lockedBy = holderOf(locked, lock?.resources ?? [])
    return { problem: `${sayHolder(lockedBy)}; the command was not started`, began: 'no', lockedBy }
  }
  const failed = marks.get('lockfailed')
  if (failed === undefined) return undefined
  return {
    began: 'no',
    problem: `can not have ${lock?.resources.join(', ')} to itself: ${failed}; the command was not started`,
  }
}

/** What a job's `mark` file says: the nonce of the words that its wrapper wrote between its output, and its user. */
export function parseAttached(value: string): { nonce: string; as: string | undefined } {
  const [nonce = '', as] = value.trim().split(' ')
  return { nonce, as: as || undefined }
}

/** Takes the wrapper's words out of a job's stderr that was read whole. */
export function withoutMarks(output: Output, nonce: string): { stderr: Output; said: Map<string, string> } {
  const said = new Map<string, string>()
  const kept = collect()
  const filter = createMarkFilter(nonce, {
    begin: false,
    onMark: (name, value) => said.set(name, value),
    onData: (chunk) => kept.add(chunk),
  })
  filter.write(output.bytes)
  filter.end()
  return { stderr: { ...output, ...kept.output(), cut: output.cut }, said }
}
