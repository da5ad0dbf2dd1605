import { changesKey } from './grouped.ts'
import type { ApprovalRequest, Approve, Decision } from './types.ts'

/** The approvals of a batch of hosts. */
export interface Gathered {
  /** The approver of one host. */
  approver(host: string): Approve
  /** A host has come to the next of its units. */
  next(host: string): void
  /** A host asks for nothing more. */
  done(host: string): void
}

interface Waiting {
  host: string
  at: number
  request: ApprovalRequest
  signal: AbortSignal
  resolve(decision: Decision | Promise<Decision>): void
}

/**
 * Hosts that run side by side ask for one step once: a request waits until every other host of the batch has asked for the
 * same step, is past it, or has ended; those whose changes are the same are then one question, and its answer holds for all of
 * them. What a host asks later in the same step (its plan changed, its undo) is asked for itself.
 */
export function gatherApprovals(approve: Approve, hosts: readonly string[]): Gathered {
  const position = new Map(hosts.map((host) => [host, -1]))
  const asked = new Set<string>()
  const waiting: Waiting[] = []

  function look(): void {
    const at = Math.min(...waiting.map((one) => one.at))
    const behind = [...position].some(
      ([host, where]) => where <= at && !waiting.some((one) => one.host === host),
    )
    if (waiting.length === 0 || behind) return
    const here = waiting.filter((one) => one.at === at)
    for (const one of here) waiting.splice(waiting.indexOf(one), 1)
    for (const same of Map.groupBy(here, ({ request }) => keyOf(request)).values()) ask(same)
    look()
  }

  function ask(same: readonly Waiting[]): void {
    const [first] = same
    if (first === undefined) return
    const names = same.map(({ host }) => host)
    const request = names.length === 1 ? first.request : { ...first.request, hosts: names }
    const decision = approve(request, first.signal)
    for (const { resolve } of same) resolve(decision)
  }

  return {
    approver: (host) => (request, signal) => {
      const at = position.get(host) ?? 0
      if (asked.has(`${at} ${host}`)) return approve(request, signal)
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
  }
}

function keyOf({ plan, confirm, changed, repeats, question, holder }: ApprovalRequest): string {
  return JSON.stringify([plan.step, changesKey(plan), confirm, changed, repeats, question, holder])
}
