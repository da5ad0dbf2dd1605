import type { Severity, Status } from '../src/model/event.ts'

// The lists of src/model/event.ts, which can't be imported here for their values: they would bring zod to the first frame.

/** Every status of an incident, in order. */
export const statuses = [
  'investigating',
  'identified',
  'monitoring',
  'resolved',
  'closed',
] as const satisfies readonly Status[]

/** Every severity, worst first. */
export const severities = ['sev1', 'sev2', 'sev3', 'sev4', 'sev5'] as const satisfies readonly Severity[]
