import type { HostReport, JobReport } from '../../compose/doctor.ts'
import type { HereReport } from '../../compose/doctorHere.ts'
import { isOff } from '../../model/clock.ts'
import { sayUncertainty } from '../../model/uncertainty.ts'
import type { Ink } from '../output.ts'

/** What is said of this machine, in lines for a person. */
export function hereLines({ node, ssh, state, problems }: HereReport, ink: Ink): string[] {
  const free = state.freeBytes === undefined ? '' : `, ${Math.floor(state.freeBytes / 1024 / 1024)} MiB free`
  return [
    `this machine  Node ${node}, ${ssh ?? 'no ssh, so certificates, FIDO keys and GSSAPI can not be used'}`,
    `  records in ${state.dir}${free}`,
    ...problems.map((problem) => ink('bad', `  ${problem}`)),
  ]
}

/** What was found on one host, in lines for a person. */
export function hostLines(report: HostReport, ink: Ink): string[] {
  const { host, reached, problems, next, missing, jobs, locks, reverts, clock } = report
  const lines = [`${host}  ${reached ? ink('good', 'reached') : ink('bad', 'not reached')}`]
  for (const problem of problems) lines.push(ink('bad', `  ${problem}`))
  if (next !== undefined) lines.push(`  ${next}`)
  for (const { tool, costs, vital } of missing)
    lines.push(ink(vital ? 'bad' : 'warn', `  no ${tool}: ${costs}`))
  if (clock !== undefined) {
    const line = `  clock ${sayOffset(clock.offsetMs)} ${sayUncertainty(clock.uncertaintyMs)}`
    lines.push(isOff(clock) ? ink('warn', line) : line)
  }
  for (const job of jobs) lines.push(...jobLines(job, ink))
  for (const { lock, by, incident, step, since, running } of locks) {
    const work = running ? 'a command of it runs' : 'no command of it runs just now'
    lines.push(`  lock ${lock}: ${by} since ${since}, for ${step} in ${incident}; ${work}`)
  }
  for (const { id, state, incident, of } of reverts)
    lines.push(`  revert ${id}: ${state}${incident === undefined ? '' : `; ${of} in ${incident}`}`)
  if (reached && problems.length + jobs.length + locks.length + reverts.length === 0)
    lines.push(
      '  no jobs, locks or reverts are left; jobs and reverts of other users, as of `as: root`, are not looked for',
    )
  return lines
}

function jobLines({ id, since, command, incident, of, removed, ...job }: JobReport, ink: Ink): string[] {
  const when = since === undefined ? '' : `, since ${since}`
  const owner = incident === undefined ? 'no journal here knows it' : `${of} in ${incident}`
  const what = removed === true ? ink('good', 'removed: its result is recorded') : standing(job)
  return [`  job ${id}: ${what}${when}; ${owner}`, `    ${command}`]
}

function standing({
  is,
  exitCode,
  reason,
  recorded,
}: Pick<JobReport, 'is' | 'exitCode' | 'reason' | 'recorded'>): string {
  if (is === 'running') return 'running'
  const how = is === 'done' ? `ended, exit ${exitCode}` : `unknown: ${reason}`
  return recorded ? `${how}; recorded, so its folder can go (--clean)` : how
}

function sayOffset(ms: number): string {
  if (ms === 0) return 'as ours'
  return `${Math.abs(ms)} ms ${ms > 0 ? 'ahead of' : 'behind'} ours`
}
