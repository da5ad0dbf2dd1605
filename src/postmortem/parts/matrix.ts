import type { RootContent } from 'mdast'
import type { CheckState, Incident } from '../../model/incident.ts'
import { heading, inlineCode, list, paragraph, strong, table } from '../tree.ts'

/** Every check, before and after. */
export function matrix(incident: Incident): RootContent[] {
  const checks = Object.values(incident.checks)
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
  if (!look) return 'not looked'
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
      .map((change) => [strong('Undone'), `: ${step.title}: ${change.say}: ${change.undone!.reason}`]),
  )
  const checks = Object.values(incident.checks).flatMap(({ title, host, before, after }) => {
    if (after?.verdict === 'ok') return []
    if (!after)
      return before
        ? [[strong('Never verified'), `: ${title} on `, inlineCode(host), ': no look after the last step']]
        : []
    return [
      [
        strong(after.verdict === 'failed' ? 'Check fails' : 'Check unknown'),
        `: ${title} on `,
        inlineCode(host),
        `: ${after.observed}`,
      ],
    ]
  })
  const all = [...steps, ...undone, ...checks]
  return [
    heading(2, 'Undone, skipped or never verified'),
    all.length === 0
      ? paragraph(
          'Nothing: every step that ran was verified, and every check was looked at after the last step.',
        )
      : list(all),
  ]
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
