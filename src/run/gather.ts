import { changesKey } from './grouped.ts'
import type { ApprovalRequest, Approve, Decision } from './types.ts'

/** The approvals of hosts that run side by side. */
export interface Gathered {
  /** The approver of one host. */
  approver(host: string): Approve
  /** A host has come to the next of its units. */
  next(host: string): void
  /** A host asks for nothing more. */
  done(host: string): void
  /** The run has stopped: what waits, what is asked just now, and all that comes is answered with stop. */
  stop(reason: string): void
}

interface Waiting {
  host: string
  at: number
  request: ApprovalRequest
  signal: AbortSignal
  resolve(decision: Decision): void
}

/**
 * Hosts that run side by side ask for one step once: a request waits until every other host has asked for the same step, is
 * past it, or has ended; those whose changes are the same are then one question, and its answer holds for all of them. One
 * question is asked after another. What a host asks later in the same step (its plan changed, its undo) is asked for itself.
 */
export function gatherApprovals(approve: Approve, hosts: readonly string[]): Gathered {
  const position = new Map(hosts.map((host) => [host, -1]))
  const asked = new Set<string>()
  const waiting: Waiting[] = []
  const ready: Waiting[][] = []
  const stopping = new AbortController()
  let asking = false
  let why = ''

  const order = ({ host }: Waiting) => hosts.indexOf(host)
  function look(): void {
    const at = Math.min(...waiting.map((one) => one.at))
    const behind = [...position].some(
      ([host, where]) => where <= at && !waiting.some((one) => one.host === host),
    )
    if (waiting.length === 0 || behind) return
    const here = waiting.filter((one) => one.at === at).toSorted((a, b) => order(a) - order(b))
    for (const one of here) waiting.splice(waiting.indexOf(one), 1)
    ready.push(...Map.groupBy(here, ({ request }) => keyOf(request)).values())
    void askNext()
    look()
  }

  async function askNext(): Promise<void> {
    if (asking) return
    asking = true
    for (let same = ready.shift(); same !== undefined; same = ready.shift()) {
      const decision = await ask(same)
      for (const { resolve } of same) resolve(decision)
      if (decision.answer === 'stop') stop(decision.reason)
    }
    asking = false
  }

  async function ask(same: readonly Waiting[]): Promise<Decision> {
    const [first] = same
    if (first === undefined || stopping.signal.aborted) return stopped()
    return decide(together(same.map(({ host, request }) => ({ host, request }))), first.signal)
  }

  async function decide(request: ApprovalRequest, signal: AbortSignal): Promise<Decision> {
    const decision = await approve(request, AbortSignal.any([signal, stopping.signal]))
    // What was answered when the run had stopped already begins nothing.
    return stopping.signal.aborted ? stopped() : decision
  }

  const stopped = (): Decision => ({ answer: 'stop', reason: why })
  function stop(reason: string): void {
    if (stopping.signal.aborted) return
    why = reason
    stopping.abort()
    for (const { resolve } of [...waiting.splice(0), ...ready.splice(0).flat()]) resolve(stopped())
  }

  return {
    approver: (host) => (request, signal) => {
      if (stopping.signal.aborted) return Promise.resolve(stopped())
      const at = position.get(host) ?? 0
      if (asked.has(`${at} ${host}`)) return decide(request, signal)
      asked.add(`${at} ${host}`)
      return new Promise((resolve) => {
        waiting.push({ host, at, request, signal, resolve })
        look()
      })
    },
    next: (host) => {
      position.set(host, (position.get(host) ?? -1) + 1)
      look()
    },
    done: (host) => {
      position.set(host, Number.POSITIVE_INFINITY)
      look()
    },
    stop,
  }
}

/** One request for all of these hosts; what is said of the first alone says so. */
function together(same: readonly { host: string; request: ApprovalRequest }[]): ApprovalRequest {
  const [first] = same
  if (first === undefined) throw new TypeError('nobody asks')
  const { request } = first
  if (same.length === 1) return request
  const alike = same.every((one) => one.request.plan.because === request.plan.because)
  const because = alike ? request.plan.because : `${request.plan.because} (so on ${first.host})`
  return { ...request, plan: { ...request.plan, because }, hosts: same.map(({ host }) => host) }
}

function keyOf({ plan, confirm, changed, repeats, question, holder }: ApprovalRequest): string {
  return JSON.stringify([plan.step, plan.risk, changesKey(plan), confirm, changed, repeats, question, holder])
}
