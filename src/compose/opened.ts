import type { EventData } from '../model/event.ts'
import type { Prepared } from './prepare.ts'

/** The checks of a runbook as `runbook.opened` tells them, so that one that is never looked at can be told. */
export function openedChecks(units: Prepared['checks']): NonNullable<EventData<'runbook.opened'>['checks']> {
  const ids = [...new Set(units.map(({ spec }) => spec.id))]
  return ids.map((id) => {
    const same = units.filter(({ spec }) => spec.id === id)
    const [{ spec, kind }] = same as [(typeof same)[number]]
    return { id, title: spec.title, kind: kind.kind, hosts: same.map(({ host }) => host) }
  })
}
