import { clamp, selectedLog } from '../context.ts'
import { finds, indexOf, matcher } from '../parts/logs.ts'
import type { Deps } from './deps.ts'
import { turn } from './move.ts'

/** Shows the next or previous followed log, from its end. */
export function turnLog(deps: Deps, by: number) {
  const shown = selectedLog(deps.context())
  if (!shown) return
  const search = deps.context().view.log.search
  deps.act({ do: 'log', place: { source: turn(shown.keys, shown.key, by), ...(search ? { search } : {}) } })
}

/** Moves the log's cursor; from the following end it starts at the last line and so pauses. */
export function moveLog(deps: Deps, by: number) {
  const lines = selectedLog(deps.context())?.log.lines ?? []
  const { log } = deps.context().view
  const last = lines.at(-1)
  if (!last) return
  if (log.cursor === undefined && by > 0) return
  const from = log.cursor === undefined ? lines.length - 1 : indexOf(lines, log.cursor)
  const to = lines[clamp(from + by, lines.length)] ?? last
  deps.act({
    do: 'log',
    place: { ...log, cursor: to.seq, pausedAt: Math.max(log.pausedAt ?? last.seq, to.seq) },
  })
}

/** Goes to the next match; towards the older lines for -1. From the following end the newest match is the first. */
export function searchOn(deps: Deps, by: 1 | -1) {
  const { log } = deps.context().view
  const lines = selectedLog(deps.context())?.log.lines ?? []
  const last = lines.at(-1)
  if (!log.search || !last) return
  const expression = matcher(log.search)
  const start = log.cursor === undefined ? lines.length : indexOf(lines, log.cursor)
  for (let at = start + by; at >= 0 && at < lines.length; at += by) {
    const line = lines[at]
    if (line && finds(line, expression)) {
      return deps.act({
        do: 'log',
        place: { ...log, cursor: line.seq, pausedAt: Math.max(log.pausedAt ?? last.seq, line.seq) },
      })
    }
  }
  deps.say(`no ${by < 0 ? 'older' : 'newer'} line has ${log.search}`)
}
