import type { RootContent } from 'mdast'
import type { EventData } from '../../model/event.ts'
import type { Incident, StepState } from '../../model/incident.ts'
import { diffsOf } from '../../model/reduce/words.ts'
import { sayTime } from '../times.ts'
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
    ...symptoms(incident, drifted.length + unclear.length > 0 || checksFailed(incident)),
    ...(drifted.length === 0 ? [paragraph('No drift was found by a runbook.')] : drifted.flatMap(cause)),
    ...(unclear.length === 0
      ? []
      : [paragraph('Found not as wanted, or not to be told by inspection:'), list(unclear.map(said))]),
  ]
}

/** True where a look of this incident found a check failing. */
function checksFailed({ checks }: Incident): boolean {
  return Object.values(checks).some(
    ({ before, after, last, history }) =>
      [before, after, last].some((look) => look?.verdict === 'failed') ||
      history.some(({ verdict }) => verdict === 'failed'),
  )
}

/** A line that was pinned by itself is a cause's symptom only where something was found wrong; a person's pin always. */
function symptoms({ alert, pins }: Incident, wrong: boolean): RootContent[] {
  return [
    ...(alert === undefined ? [] : [paragraph(strong('Alert')), code(alert)]),
    ...pins
      .filter(({ symptom }) => wrong || symptom === undefined)
      .flatMap(({ host, source, at, lines }) => [
        paragraph(
          strong('Symptom'),
          ' in ',
          inlineCode(source),
          ' on ',
          inlineCode(host),
          `, ${sayTime(at)}`,
        ),
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
