import type { RootContent } from 'mdast'
import type { CheckState, Incident } from '../../model/incident.ts'
import { allChecks, finalLook, lastChange } from '../looks.ts'
import { heading, inlineCode, list, paragraph, strong, table } from '../tree.ts'

/** Every check, before and after. */
export function matrix(incident: Incident): RootContent[] {
  const checks = allChecks(incident)
  if (checks.length === 0) return [heading(2, 'Verification matrix'), paragraph('No check was made.')]
  const rows = checks.map((check) => [
    check.title,
    check.host,
    (check.after ?? check.before ?? check.last)?.expected ?? '',
    seen(check.before),
    seen(check.after ?? (check.before ? undefined : check.last)),
  ])
  return [heading(2, 'Verification matrix'), table(['Check', 'Host', 'Expected', 'Before', 'After'], rows)]
}

function seen(look: CheckState['before']) {
  if (!look) return 'not looked at'
  return look.verdict === 'ok' ? look.observed : [strong(look.observed), ` (${look.verdict})`]
}

/** What was undone, skipped or never verified: what a reader must not take for done. */
export function open(incident: Incident): RootContent[] {
  const steps = Object.values(incident.steps).flatMap((step) => {
    const what = openSteps[step.state]
    if (what === undefined) return []
    const why = step.answer ?? step.reason
    return [[strong(what), ': ', step.title, ' on ', inlineCode(step.host), why ? `: ${why}` : '']]
  })
  const undone = Object.values(incident.steps).flatMap((step) =>
    step.changes
      .filter((change) => step.state !== 'undone' && change.undone)
      .map((change) => [
        strong(change.undone!.verdict === 'ok' ? 'Undone' : 'Undo did not succeed'),
        `: ${step.title}: ${change.say}: ${change.undone!.reason}`,
      ]),
  )
  const changed = lastChange(incident)
  const looked = allChecks(incident)
  const checks = looked.flatMap((check) => {
    const { title, host, last } = check
    const look = finalLook(check, changed)
    if (look?.verdict === 'ok') return []
    if (!look) {
      const why = last ? 'not looked at after the last step' : 'not looked at'
      return [[strong('Never verified'), `: ${title} on `, inlineCode(host), `: ${why}`]]
    }
    return [
      [
        strong(look.verdict === 'failed' ? 'Check fails' : 'Check unknown'),
        `: ${title} on `,
        inlineCode(host),
        `: ${look.observed}`,
      ],
    ]
  })
  const all = [...steps, ...undone, ...checks]
  return [
    heading(2, 'Undone, skipped or never verified'),
    all.length === 0 ? paragraph(nothingOpen(incident, looked.length > 0)) : list(all),
  ]
}

/** What can be said where nothing is open; checks only where all of them are known and were looked at. */
function nothingOpen({ runs, steps }: Incident, looked: boolean): string {
  const known = Object.values(runs).every(({ checks }) => checks !== undefined)
  const verified = Object.keys(steps).length > 0 ? ': every step that ran was verified' : ''
  const checks = looked && known ? ', and every check was looked at after the last step' : ''
  return verified === '' ? 'Nothing is recorded as open.' : `Nothing${verified}${checks}.`
}

const openSteps: Partial<Record<string, string>> = {
  planned: 'Not run',
  approved: 'Approved and not run',
  running: 'Started, no result recorded',
  verifying: 'Never verified',
  failed: 'Failed',
  unknown: 'Unknown',
  skipped: 'Skipped',
  cancelled: 'Cancelled',
  undone: 'Undone',
  answered: 'Said by a person, not measured',
}
