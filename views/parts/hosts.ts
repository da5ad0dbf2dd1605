import type { HostState } from '../../src/model/host.ts'
import { clockOf } from '../format.ts'
import type { Row, Span } from '../row.ts'
import type { Marks, Tone } from '../theme.ts'

/** What is wrong with the way to a host, in words, with its tone; undefined where nothing is. */
export function hostTrouble(state: HostState): readonly [string, Tone] | undefined {
  switch (state.is) {
    case 'refused':
      return [`REFUSED: ${state.reason}`, 'bad']
    case 'lost':
      return [`LOST: ${short(state.reason)}`, 'bad']
    case 'connecting': {
      if (state.reason === undefined) return undefined
      const why = short(state.reason)
      if (state.again) return [`LOST ${clockOf(state.since)}, connecting again: ${why}`, 'bad']
      return [`connecting since ${clockOf(state.since)}: ${why}`, 'warn']
    }
    case 'stale':
      return [`silent since ${clockOf(state.since)}`, 'warn']
    case 'ready':
      return state.reason === undefined ? undefined : [`busy: ${state.reason}`, 'warn']
    case 'idle':
      return undefined
  }
}

/** The state's own word says that much already. */
const short = (reason: string) => reason.replace(/^the link was lost: /, '')

/** The state in a word for the status line; loud where there is no way to the host. */
export function hostWord(state: HostState): { word: string; loud: boolean } {
  const lost = state.is === 'connecting' && state.again === true
  const loud = lost || state.is === 'lost' || state.is === 'refused'
  return { word: loud ? (lost ? 'LOST' : state.is.toUpperCase()) : state.is, loud }
}

/** How bad a state is; the worst is the first. */
export function severityOf(state: HostState): number {
  const { word } = hostWord(state)
  return ['REFUSED', 'LOST', 'stale', 'connecting', 'ready', 'idle'].indexOf(word)
}

/** What is wrong with the ways to hosts, the worst first, on one row; undefined where nothing is. */
export function troubleRow(hosts: Record<string, HostState>): Row | undefined {
  const spans = Object.entries(hosts)
    .toSorted(([, a], [, b]) => severityOf(a) - severityOf(b))
    .flatMap(([name, state]): Span[] => {
      const trouble = hostTrouble(state)
      return trouble === undefined ? [] : ['  ', [`${name} ${trouble[0]}`, trouble[1]]]
    })
  return spans.length === 0 ? undefined : [' ', ...spans.slice(1)]
}

/** A host's state in a mark and words. */
export function hostStateSpan(state: HostState, marks: Marks): readonly [string, Tone] {
  const trouble = hostTrouble(state)
  switch (state.is) {
    case 'idle':
      return [`${marks.waiting} not connected`, 'dim']
    case 'connecting':
      return trouble
        ? [`${marks.running} ${trouble[0]}`, trouble[1]]
        : [`${marks.running} connecting`, 'accent']
    case 'ready':
      return trouble ? [`${marks.ok} ${trouble[0]}`, 'warn'] : [`${marks.ok} connected`, 'ok']
    case 'stale':
      return [`${marks.unknown} ${trouble?.[0] ?? 'silent'}`, 'warn']
    case 'lost':
    case 'refused':
      return [`${marks.bad} ${trouble?.[0] ?? state.reason}`, 'bad']
  }
}
