import type { RootContent } from 'mdast'
import type { Incident, StartedChange, StepState } from '../../model/incident.ts'
import { sayEnd } from '../../model/reduce/words.ts'
import type { Evidence } from '../evidence.ts'
import { heading, inlineCode, linkTo, paragraph, strong, table } from '../tree.ts'

/** Every change that was carried out: action, command, host, result; one that was taken back says so. */
export function fixes(incident: Incident, evidence: readonly Evidence[]): RootContent[] {
  const numbers = new Map(evidence.map(({ event, number }) => [event, number]))
  const rows = Object.values(incident.steps).flatMap((step) =>
    step.changes.map((change) => row(step, change, numbers.get(change.started))),
  )
  if (rows.length === 0)
    return [heading(2, 'Fixes applied'), paragraph('No step of a runbook changed anything.')]
  return [heading(2, 'Fixes applied'), table(['Action', 'Command', 'Host', 'Result', 'Evidence'], rows)]
}

function row(step: StepState, change: StartedChange, number: number | undefined) {
  const undone = change.undone?.verdict === 'ok' || step.state === 'undone'
  const verdict = step.verified && !undone ? `; ${step.verified.verdict}: ${step.verified.reason}` : ''
  const result = change.applied ? sayEnd(change.applied) : 'no result was recorded'
  return [
    `${step.title}: ${change.say}`,
    change.command === undefined ? '' : inlineCode(shortened(change.command)),
    step.host,
    // The verdict is the step's: it stands with its last change.
    undone
      ? [strong('Undone'), `: ${change.undone?.reason ?? step.reason ?? ''}; was: ${result}`]
      : `${result}${change === step.changes.at(-1) ? verdict : ''}`,
    number === undefined ? '' : linkTo(`evidence-${number}`, `Evidence ${number}`),
  ]
}

/** A command fits a cell; all of it stands in the appendix. */
function shortened(command: string): string {
  return command.length > 240 ? `${command.slice(0, 239).replace(/[\ud800-\udbff]$/, '')}…` : command
}
