// What people say about an incident.
import * as z from 'zod'
import { milestones, severities, statuses } from '../words.ts'
import { when } from './parts.ts'

export const incidentEvents = {
  'incident.declared': z
    .object({
      incident: z.string(),
      title: z.string(),
      severity: z.enum(severities),
      alert: z.string().optional().describe('what was given with --from'),
    })
    .describe('the first event of an incident'),
  'incident.changed': z
    .object({
      title: z.string().optional(),
      severity: z.enum(severities).optional(),
      impact: z.string().optional(),
    })
    .describe('title, severity or impact were changed; what is absent stays'),
  'status.changed': z.object({ to: z.enum(statuses) }).describe('the incident has a new status'),
  'milestone.set': z
    .object({ milestone: z.enum(milestones), at: when, cites: z.string().optional() })
    .describe('when a milestone was; the last one set counts'),
  'note.added': z
    .object({ text: z.string(), at: when, until: when.optional() })
    .describe('a note, at the time that it speaks of'),
  'note.corrected': z
    .object({ corrects: z.string(), text: z.string() })
    .describe('replaces the text of a note'),
  'responder.joined': z.object({ name: z.string() }).describe('a person opened the incident in a console'),
  'responder.left': z.object({ name: z.string() }).describe('a person closed it'),
  'role.set': z.object({ role: z.string(), name: z.string() }).describe('who has a role'),
  'followup.added': z
    .object({ text: z.string(), owner: z.string().optional() })
    .describe('something to be done after the incident'),
  'followup.changed': z
    .object({
      followup: z.string(),
      text: z.string().optional(),
      done: z.boolean().optional(),
    })
    .describe('a follow-up was reworded or done'),
} as const
