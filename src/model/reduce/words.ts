import type { EventData } from '../event.ts'

/** A duration in milliseconds for a person: `340 ms`, `1.2 s`, `4 min 05 s`, `2 h 03 min`. */
export function sayMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  const two = (n: number) => String(n).padStart(2, '0')
  return h > 0 ? `${h} h ${two(m)} min` : `${m} min ${two(s)} s`
}

/** How a command came to its end, short: `exit 0, 1.2 s`. */
export function sayEnd(o: {
  endedBy: string
  exitCode?: number | undefined
  signal?: string | undefined
  problem?: string | undefined
  ms: number
}): string {
  const how =
    o.endedBy === 'exit'
      ? `exit ${o.exitCode ?? 'unknown'}`
      : o.endedBy === 'signal'
        ? `ended by ${o.signal ?? 'a signal'}`
        : (ends[o.endedBy] ?? o.endedBy)
  return `${how}, ${sayMs(o.ms)}${o.problem ? ` (${o.problem})` : ''}`
}

const ends: Record<string, string> = {
  timeout: 'timed out',
  cancel: 'cancelled',
  lost: 'link lost, outcome unknown',
}

/** True where a command ended otherwise than with exit 0. */
export function wentWrong(o: {
  endedBy: string
  exitCode?: number | undefined
  problem?: string | undefined
}): boolean {
  return o.endedBy !== 'exit' || o.exitCode !== 0 || o.problem !== undefined
}

/** A sha256 short enough for a row: its first 12 digits. */
export function shortSha(sha256: string): string {
  return sha256 === 'absent' ? 'absent' : sha256.slice(0, 12)
}

interface LooseDiff {
  path: string
  from: string
  to: string
  unified: string
  hidden?: string
}

/** The diffs of a journaled plan, where they have their form. */
export function diffsOf(plan: EventData<'step.planned'>): LooseDiff[] {
  return plan.changes.flatMap(({ do: change }) => {
    const diff = change.diff as Partial<LooseDiff> | undefined
    if (typeof diff?.path !== 'string' || typeof diff.from !== 'string' || typeof diff.to !== 'string')
      return []
    return [{ ...diff, unified: typeof diff.unified === 'string' ? diff.unified : '' } as LooseDiff]
  })
}

/** The evidence of drift in one line: `sha256 3f2a… → 9c1d…`. */
export function driftEvidence(plan: EventData<'step.planned'>): string | undefined {
  const [diff] = diffsOf(plan)
  return diff ? `sha256 ${shortSha(diff.from)} → ${shortSha(diff.to)}` : undefined
}
