import type { RootContent } from 'mdast'
import { evidenceOf } from '../evidence.ts'
import { causes } from '../parts/causes.ts'
import { appendix, environment, followups } from '../parts/end.ts'
import { fixes } from '../parts/fixes.ts'
import { impact, milestonesAndDurations, summary } from '../parts/head.ts'
import { matrix, open } from '../parts/matrix.ts'
import { record } from '../parts/record.ts'
import { timeline } from '../parts/timeline.ts'
import type { Template } from '../template.ts'
import { inSection, todo } from '../tree.ts'

/** The usual postmortem. What was measured is filled in; what people must write is a TODO line between the sections. */
export const template: Template = {
  name: 'incident',
  summary:
    'Summary, impact, timeline, root causes, fixes, verification matrix, follow-ups, appendix, record.',
  build(incident) {
    const evidence = evidenceOf(incident)
    const children: RootContent[] = [
      ...inSection('summary', summary(incident)),
      todo('In two or three sentences: what broke, why, and what ended it.'),
      ...inSection('impact', impact(incident)),
      ...(incident.impact ? [] : [todo('Who was affected, and what did they notice?')]),
      ...inSection('milestones', milestonesAndDurations(incident)),
      ...inSection('timeline', timeline(incident, evidence)),
      ...inSection('causes', causes(incident)),
      todo('Why could this happen, and why was it not noticed earlier?'),
      ...inSection('fixes', fixes(incident, evidence)),
      ...inSection('matrix', matrix(incident)),
      ...inSection('open', open(incident)),
      ...inSection('followups', followups(incident)),
      todo('What keeps this from happening again? Name an owner for each.'),
      ...inSection('environment', environment(incident)),
      ...inSection('appendix', appendix(evidence)),
      ...inSection('record', record(incident)),
    ]
    return { type: 'root', children }
  },
}
