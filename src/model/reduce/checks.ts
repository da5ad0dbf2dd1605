import { addRow, adopt, type Handlers, own } from './draft.ts'

const remembered = 120

/** The key of a check on a host. */
export function checkKey(check: string, host: string): string {
  return `${check} ${host}`
}

/** Checks: before and after for the matrix, and a row where a watched verdict changes. */
export const checks: Handlers = {
  'check.observed'(draft, event) {
    const { check, title, host, kind, phase, verdict, expected, observed, ms } = event.data
    const all = own(draft, draft.incident, 'checks')
    const key = checkKey(check, host)
    all[key] ??= adopt(draft, { check, title, host, kind, history: adopt(draft, []) })
    const state = own(draft, all, key)
    const previous = state.last?.verdict
    const look = { ...event.data, at: event.at, event: event.id }
    state.title = title
    state.last = look
    // A run that goes on after a crash looks again "before"; what was found first is what the incident was.
    if (phase === 'before') state.before ??= look
    if (phase === 'after') state.after = look
    const history = own(draft, state, 'history')
    history.push({ at: event.at, verdict, ms })
    if (history.length > remembered) history.shift()

    const changed = previous !== undefined && previous !== verdict
    if (phase === 'watch' && !changed) return
    const text = `${phaseWords[phase]}: ${title}: ${observed}${verdict === 'ok' ? '' : ` (expected ${expected})`}`
    addRow(draft, event, {
      kind: 'check',
      text,
      host,
      evidence: verdict,
      ...(verdict === 'ok' ? {} : { bad: true }),
    })
  },
  'probes.decided'(draft, event) {
    const { checks, decided, how, reason } = event.data
    const why = reason === undefined ? '' : `: ${reason}`
    addRow(draft, event, {
      kind: 'check',
      text: `Checks with effects (${checks.join(', ')}) ${decisions[decided]}${why}`,
      ...(how === undefined ? {} : { evidence: how }),
    })
  },
}

const decisions = { run: 'approved', left_out: 'left out', stop: 'not approved' }

const phaseWords = { before: 'Check before', after: 'Check after', watch: 'Check changed', once: 'Check' }
