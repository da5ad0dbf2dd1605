import type { Milestone } from './event.ts'
import type { Incident } from './incident.ts'

/** One duration with the two milestones that define it. */
export interface Duration {
  name: string
  from: Milestone
  to: Milestone
  /** Milliseconds; undefined where a milestone is missing, negative where they stand in the wrong order. */
  ms?: number
}

const defined: readonly { name: string; from: Milestone; to: Milestone }[] = [
  { name: 'Time to detect', from: 'impact_started', to: 'detected' },
  { name: 'Time to acknowledge', from: 'detected', to: 'acknowledged' },
  { name: 'Time to mitigate', from: 'impact_started', to: 'mitigated' },
  { name: 'Time to resolve', from: 'impact_started', to: 'resolved' },
]

/** The incident's durations, each by its definition. */
export function durationsOf({ milestones }: Pick<Incident, 'milestones'>): Duration[] {
  return defined.map((duration) => {
    const [from, to] = [milestones[duration.from], milestones[duration.to]]
    return from && to ? { ...duration, ms: Date.parse(to.at) - Date.parse(from.at) } : duration
  })
}
