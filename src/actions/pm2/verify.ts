import type { Verdict } from '../../model/action.ts'
import type { RunResult } from '../../model/command.ts'
import type { Pm2Facts } from '../../model/pm2/facts.ts'
import { cleanText, lastLines, type ToText } from '../../model/said.ts'
import { driftOf } from './drift.ts'
import type { Pm2Params } from './params.ts'

/** A process that was restarted by PM2 is stable again only after this long. */
const stableMs = 10_000

/** Restarts by pm_id just after the start, as the change reported them. */
export function restartsAtStart(applied: readonly RunResult[]): Map<number, number> {
  for (const result of applied.toReversed()) {
    for (const line of new TextDecoder().decode(result.stdout.bytes).split('\n').reverse()) {
      if (!line.startsWith('{"did":"started"')) continue
      const { processes } = JSON.parse(line) as { processes: { pm_id: number; restarts: number }[] }
      return new Map(processes.map(({ pm_id, restarts }) => [pm_id, restarts]))
    }
  }
  return new Map()
}

function problem(p: Pm2Params, now: Pm2Facts, atStart: Map<number, number>): string | undefined {
  if (now.processes.length === 0) return `PM2 has no ${p.name}`
  for (const { pm_id, restarts, upMs, status } of now.processes) {
    const before = atStart.get(pm_id)
    const grown = restarts - (before ?? restarts)
    if (grown > 0 && (upMs < stableMs || status !== 'online')) {
      return `${p.name} keeps restarting: ${grown} ${grown === 1 ? 'time' : 'times'} since it was started`
    }
  }
  const { reasons } = driftOf(p, now)
  if (reasons.length > 0) return `${p.name}: ${reasons.join('; ')}`
  if (now.port !== undefined && !now.port.mine) {
    return `port ${now.port.number} listens, but belongs to ${now.port.owner ?? 'another process'}`
  }
  return undefined
}

/** One look: online, not restarting, cwd, script and environment as wanted, its own port listening. */
export function verifyPm2(p: Pm2Params, now: Pm2Facts, applied: readonly RunResult[], text: ToText): Verdict {
  const wrong = problem(p, now, restartsAtStart(applied))
  if (wrong === undefined) {
    const port = now.port === undefined ? '' : `, port ${now.port.number} is its own`
    const pids = now.processes.map(({ pid }) => pid).join(', ')
    return { verdict: 'ok', reason: `online (pid ${pids})${port}, cwd, script and environment as wanted` }
  }
  // Together through the pipe: a secret may stand in several lines.
  const printed = now.processes.flatMap(({ errors }) => errors ?? []).join('\n')
  const errors = lastLines(cleanText(printed, text), 5)
  if (errors.length === 0) return { verdict: 'failed', reason: wrong }
  return { verdict: 'failed', reason: `${wrong}; its error log ends: ${errors.at(-1)}`, evidence: errors }
}
