import type { AtWork } from '../../src/console.types.ts'

const groups = (work: readonly AtWork[], of: (one: AtWork) => string): AtWork[][] => [
  ...Map.groupBy(work, of).values(),
]

/** A few hosts by name, or how many they are. */
const hostsOf = (same: readonly AtWork[]) =>
  same.length === 1 ? (same[0]?.host ?? '') : `${same.length} hosts`

/** What is at work in one line, by step: `restart on 3 hosts: verifying (2 hosts), inspecting (web-3)`. */
export function workText(work: readonly AtWork[]): string {
  return groups(work, ({ step }) => step)
    .map((same) => {
      const [first] = same
      const doings = groups(same, ({ doing }) => doing).toSorted((a, b) => b.length - a.length)
      const doing =
        doings.length === 1
          ? (first?.doing ?? '')
          : doings.map((alike) => `${alike[0]?.doing} (${hostsOf(alike)})`).join(', ')
      return first?.host === '' ? doing : `${first?.step} on ${hostsOf(same)}: ${doing}`
    })
    .join('; ')
}

/** What is at work with every host by its name, one entry for those that do the same: `restart on web-1, web-2: verifying`. */
export function workOfHosts(work: readonly AtWork[]): string[] {
  return groups(work, ({ step, doing }) => `${step}\n${doing}`).map((same) => {
    const [first] = same
    return first?.host === ''
      ? first.doing
      : `${first?.step} on ${same.map(({ host }) => host).join(', ')}: ${first?.doing}`
  })
}

/** Since when the oldest of it is at work, in milliseconds since the epoch; undefined where nothing is. */
export function workSince(work: readonly AtWork[]): number | undefined {
  return work.length === 0 ? undefined : Math.min(...work.map(({ since }) => Date.parse(since)))
}
