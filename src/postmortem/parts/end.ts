import type { RootContent } from 'mdast'
import type { Incident, StepState } from '../../model/incident.ts'
import type { Evidence } from '../evidence.ts'
import { sayTime } from '../times.ts'
import { code, heading, inlineCode, list, paragraph, table } from '../tree.ts'

/** Follow-ups as tasks. */
export function followups({ followups }: Incident): RootContent[] {
  if (followups.length === 0) return [heading(2, 'Follow-ups'), paragraph('None is recorded.')]
  const items = followups.map(({ text, owner }) => [owner === undefined ? text : `${text} (${owner})`])
  return [heading(2, 'Follow-ups'), list(items, { checked: (index) => followups[index]!.done })]
}

/** The environment keys that steps named: which file or process, on which host. Names only. */
export function environment({ steps }: Incident): RootContent[] {
  const rows = Object.values(steps).flatMap((step) => {
    const keys = keysOf(step)
    return keys.length === 0
      ? []
      : [[step.title, step.host, keys.flatMap((key, at) => [at === 0 ? '' : ', ', inlineCode(key)])]]
  })
  if (rows.length === 0) return [heading(2, 'Environment keys'), paragraph('No step named any.')]
  return [heading(2, 'Environment keys'), table(['Step', 'Host', 'Keys'], rows)]
}

const keyName = /\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\b(?:PORT|HOST|DEBUG|TZ)\b/g

/** Keys that a step's plans name: as edits of a file, or, for actions about the environment, in their reasons and commands. */
function keysOf(step: StepState): string[] {
  const plans = [step.drift, step.plan].filter((plan) => plan !== undefined)
  const edited = plans.flatMap(({ changes }) => changes.flatMap(({ do: change }) => editedKeys(change)))
  const about = /^(?:env|pm2)\./.test(step.uses)
  const texts = about
    ? plans.flatMap((plan) => [
        plan.because,
        ...(plan.evidence ?? []),
        ...plan.changes.map(({ do: { say } }) => say),
      ])
    : []
  return [...new Set([...edited, ...texts.flatMap((text) => text.match(keyName) ?? [])])]
    .filter((key) => key !== 'PM2_HOME')
    .sort()
}

function editedKeys(change: Record<string, unknown>): string[] {
  const put = change.put as { content?: { edits?: { key?: unknown }[] } } | undefined
  const edits = put?.content?.edits
  return Array.isArray(edits) ? edits.flatMap(({ key }) => (typeof key === 'string' ? [key] : [])) : []
}

/** Commands and outputs, numbered as the timeline cites them. */
export function appendix(evidence: readonly Evidence[]): RootContent[] {
  if (evidence.length === 0)
    return [heading(2, 'Appendix: commands and outputs'), paragraph('No command was run.')]
  return [
    heading(2, 'Appendix: commands and outputs'),
    ...evidence.flatMap((entry) => [
      heading(3, `Evidence ${entry.number}`),
      paragraph(
        `${sayTime(entry.at)}, `,
        inlineCode(entry.host),
        `: ${entry.title}. Result: ${entry.result}.`,
      ),
      ...(entry.command === undefined ? [] : [code(entry.command, 'sh')]),
      ...entry.outputs.flatMap(({ name, text }) => [paragraph(`${name}:`), code(text, 'text')]),
      ...(entry.artifact === undefined
        ? []
        : [
            paragraph(
              entry.artifact.cut === true ? 'Its first 64 MiB: artifact ' : 'All of it: artifact ',
              inlineCode(entry.artifact.sha256),
            ),
          ]),
      ...(entry.unkept === undefined ? [] : [paragraph(`All of it could not be kept: ${entry.unkept}`)]),
    ]),
  ]
}
