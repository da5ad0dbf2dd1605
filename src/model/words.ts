/** Severities, worst first. */
export const severities = ['sev1', 'sev2', 'sev3', 'sev4', 'sev5'] as const
export type Severity = (typeof severities)[number]

/** Statuses of an incident, in order (Statuspage's words). */
export const statuses = ['investigating', 'identified', 'monitoring', 'resolved', 'closed'] as const
export type Status = (typeof statuses)[number]

/** Milestones of an incident, in order. */
export const milestones = [
  'impact_started',
  'detected',
  'acknowledged',
  'identified',
  'mitigated',
  'resolved',
  'closed',
] as const
export type Milestone = (typeof milestones)[number]
