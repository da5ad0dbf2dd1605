import type { RootContent } from 'mdast'
import type { EventData } from '../../model/event.ts'
import type { Incident, StepState } from '../../model/incident.ts'
import { diffsOf } from '../../model/reduce/words.ts'
import { code, heading, inlineCode, list, paragraph, strong } from '../tree.ts'

/** What differed from what the runbook wants when it first looked: why, both sha256, the diff. Pinned log lines are the symptom. */
export function causes(incident: Incident): RootContent[] {
  const planned = Object.values(incident.steps).flatMap((step) =>
    step.drift ? [{ step, drift: step.drift }] : [],
  )
  const drifted = planned.filter(
    ({ step, drift }) =>
      drift.outcome === 'would_change' && drift.changes.length > 0 && step.uses !== 'manual',
  )
  const unclear = planned.filter(
    ({ step, drift }) => drift.outcome === 'cannot_tell' && step.uses !== 'manual',
  )
  return [
    heading(2, 'Root causes'),
    ...symptoms(incident),
    ...(drifted.length === 0 ? [paragraph('No drift was found by a runbook.')] : drifted.flatMap(cause)),
    ...(unclear.length === 0
      ? []
      : [paragraph('Found not as wanted, or not to be told by inspection:'), list(unclear.map(said))]),
  ]
}

function symptoms({ alert, pins }: Incident): RootContent[] {
  return [
    ...(alert === undefined ? [] : [paragraph(strong('Alert')), code(alert)]),
    ...pins.flatMap(({ host, source, lines }) => [
      paragraph(strong('Symptom'), ' in ', inlineCode(source), ' on ', inlineCode(host)),
      code(lines.join('\n')),
    ]),
  ]
}

function cause({ step, drift }: { step: StepState; drift: EventData<'step.planned'> }): RootContent[] {
  const diffs = diffsOf(drift)
  const proof = [
    ...(drift.evidence ?? []).map((line) => [line]),
    ...diffs.flatMap(({ path, from, to, hidden }) => [
      [inlineCode(path), ' found: sha256 ', inlineCode(from)],
      [inlineCode(path), ' wanted: sha256 ', inlineCode(to)],
      ...(hidden === undefined ? [] : [[inlineCode(path), `: the diff is not shown: ${hidden}`]]),
    ]),
  ]
  return [
    heading(3, `${drift.title} (`, inlineCode(step.host), ')'),
    paragraph(strong('Found'), `: ${drift.because}`),
    ...(proof.length > 0 ? [list(proof)] : []),
    ...diffs.flatMap(({ unified }) => (unified === '' ? [] : [code(unified, 'diff')])),
  ]
}

function said({ step, drift }: { step: StepState; drift: EventData<'step.planned'> }) {
  return [strong(drift.title), ' on ', inlineCode(step.host), `: ${drift.because}`]
}
