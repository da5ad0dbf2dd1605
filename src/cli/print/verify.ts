import type { VerifyReport } from '../../journal/verify.ts'
import { inert } from '../../logs/inert.ts'
import { sayCheckpoint } from '../../model/checkpoint.ts'
import type { Ink } from '../output.ts'

/** What `sitrep verify` found, in lines for a person. */
export function verifyLines(report: VerifyReport, ink: Ink): string[] {
  const { writers, artifacts, logs, against, held, erasing, aside, checkpoint, whole } = report
  const lines: string[] = []
  for (const { writer, records, first_bad, erased = [], torn } of writers) {
    const state = first_bad
      ? ink('bad', inert(`record ${first_bad.seq}: ${first_bad.reason}`))
      : ink('good', 'whole')
    lines.push(`${inert(writer)}  ${many(records, 'record')}  ${state}`)
    if (torn !== undefined)
      lines.push(
        ink('warn', `  its last line was never finished, so never acknowledged: ${many(torn, 'byte')}`),
      )
    for (const { event, reason } of erased) lines.push(inert(`  erased: ${event} (${reason})`))
  }
  for (const file of aside) lines.push(ink('warn', inert(`an unfinished line was set aside: ${file}`)))
  const all = [...artifacts.bad, ...logs.bad]
  if (artifacts.checked + logs.checked > 0)
    lines.push(`${many(artifacts.checked, 'artifact')} and ${many(logs.checked, 'closed log')} checked`)
  for (const { file, event, reason } of all)
    lines.push(ink('bad', inert(`${file}: ${reason} (event ${event})`)))
  for (const file of logs.open) lines.push(ink('dim', inert(`not closed, so nothing proves it: ${file}`)))
  for (const file of artifacts.unnamed) lines.push(ink('dim', inert(`no event names it: ${file}`)))
  for (const { source, records, problem } of against) {
    const text = inert(`held against ${source}: ${problem ?? many(records, 'record')}`)
    lines.push(problem === undefined ? text : ink('bad', text))
  }
  if (!held)
    lines.push(ink('warn', 'held against nothing: no checkpoint is here, so a cut tail would not show'))
  for (const { event, files, under_way, problem } of erasing) {
    const what = [...(event === undefined ? [] : [event]), ...files].join(', ')
    const text =
      problem ??
      (under_way === undefined
        ? `an erasure is unfinished: ${what}; opening the incident (or \`sitrep erase\`) finishes it`
        : `process ${under_way} is erasing ${what}; verify again when it is done`)
    lines.push(ink('warn', inert(text)))
  }
  if (writers.length === 0) lines.push(ink('bad', 'nothing is recorded here'))
  lines.push(inert(sayCheckpoint(checkpoint)))
  lines.push(whole ? ink('good', 'the record is whole') : ink('bad', 'the record is NOT whole'))
  return lines
}

function many(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`
}
