import type { ApprovalRequest, Approve, Decision } from '../run/types.ts'

/** The approvals of a console: at most one is open; an answer names the request it is for. */
export interface Approvals {
  approve: Approve
  /** The open request. */
  open(): ApprovalRequest | undefined
  /** Answers the open request; false where another one (or none) is open by now. */
  answer(request: string, decision: Decision): boolean
}

/** Approvals that a person gives at the console; `show` is told what to show, and undefined when it is answered. */
export function createApprovals(show: (request: ApprovalRequest | undefined) => void): Approvals {
  let open: { request: ApprovalRequest; settle: (decision: Decision) => void } | undefined
  const settle = (decision: Decision) => {
    const settled = open?.settle
    open = undefined
    show(undefined)
    settled?.(decision)
  }
  return {
    open: () => open?.request,
    approve: (request, signal) =>
      new Promise((resolve) => {
        const stop = () => settle({ answer: 'stop', reason: 'stopped by the operator' })
        open = {
          request,
          settle: (decision) => {
            signal.removeEventListener('abort', stop)
            resolve(decision)
          },
        }
        if (signal.aborted) stop()
        else {
          signal.addEventListener('abort', stop, { once: true })
          show(request)
        }
      }),
    answer: (request, decision) => {
      if (open?.request.id !== request) return false
      settle(decision)
      return true
    },
  }
}
