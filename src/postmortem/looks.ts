import type { CheckState, Incident } from '../model/incident.ts'

/** The checks of an incident: those that were looked at, then those that an opened runbook has and nobody looked at. */
export function allChecks({ checks, runs }: Incident): CheckState[] {
  const known = Object.values(checks)
  const seen = new Set(known.map(({ check, host }) => `${check} ${host}`))
  const never: CheckState[] = []
  for (const { id, title, kind, hosts } of Object.values(runs).flatMap((run) => run.checks ?? [])) {
    for (const host of hosts) {
      if (seen.has(`${id} ${host}`)) continue
      seen.add(`${id} ${host}`)
      never.push({ check: id, title, kind, host, history: [] })
    }
  }
  return [...known, ...never]
}

/** When the last change or undo began or ended, ISO 8601; undefined where nothing was changed. */
export function lastChange({ steps }: Incident): string | undefined {
  const times = Object.values(steps).flatMap(({ changes }) =>
    changes.flatMap(({ at, applied, undone }) => [at, applied?.at ?? at, undone?.at ?? at]),
  )
  return times.reduce<string | undefined>(
    (last, at) => (last !== undefined && last > at ? last : at),
    undefined,
  )
}

/** When the last change was taken back, ISO 8601; undefined where none was. */
export function lastUndo({ steps }: Incident): string | undefined {
  return Object.values(steps)
    .flatMap(({ changes }) => changes.flatMap(({ undone }) => (undone ? [undone.at] : [])))
    .sort()
    .at(-1)
}

/** The look that tells how a check stands after the last change; undefined where there is none. */
export function finalLook(check: CheckState, changed: string | undefined): CheckState['last'] {
  const { after, last } = check
  const looks = [last?.phase === 'before' ? undefined : last, after].filter((look) => look !== undefined)
  return looks.find((look) => changed === undefined || look.at >= changed)
}
