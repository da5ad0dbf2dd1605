import pLimit from 'p-limit'
import type { Pipe } from '../logs/pipe.ts'
import type { Append } from '../model/event.ts'
import type { Inventory } from '../model/host.ts'
import type { Incident } from '../model/incident.ts'
import type { SecretStore } from '../model/secret.ts'
import { carryOut } from '../run/carry/index.ts'
import type { Condition, Progress, RunContext } from '../run/context.ts'
import type { Keep } from '../run/keep.ts'
import { endIn } from '../run/left.ts'
import type { Locks } from '../run/locks.ts'
import { approvalPolicy } from '../run/policy.ts'
import type { ApprovalRequest, Approve } from '../run/types.ts'
import type { Fleet } from './fleet.ts'
import type { Prepared } from './prepare.ts'

/** Where a run records to: an open incident, or nowhere for a look that is not recorded (`plan`, `check`). */
export interface Recording {
  id: string
  append: Append
  keep: Keep
  /** The fold of what is recorded. */
  read(): Incident
  secrets: SecretStore
  pipe: Pipe
}

/** Puts together what a run is given: hosts, record, approval, and the runbook's values. */
export function runContext(o: {
  run: string
  record: Recording
  inventory: Inventory
  prepared: Prepared
  fleet: Fleet
  approve: Approve
  /** True where a person approves. */
  asksPerson?: boolean
  locks?: Locks
  signal: AbortSignal
  leaving?: AbortSignal
  progress?: (now: Progress | undefined) => void
  onOutput?: RunContext['onOutput']
}): RunContext {
  const { record, prepared, fleet } = o
  const policy = approvalPolicy({
    hosts: prepared.hosts,
    confirmOver: o.inventory.confirmOver,
    group: prepared.group,
  })
  // Hosts that run side by side may ask at the same time; a person answers one question after another.
  const oneByOne = pLimit(1)
  /** Another host's answer may have been the target: it is typed once. */
  const asOfNow = (request: ApprovalRequest): ApprovalRequest => {
    const { step, host } = request.plan
    const unit = prepared.units.find((one) => one.step.id === step && one.host === host)
    if (request.confirm !== 'typed' || request.holder !== undefined || unit === undefined) return request
    const { confirm } = policy.wanted(unit, request.plan.risk)
    return confirm === 'typed' ? request : { ...request, confirm: 'ask' }
  }
  return {
    run: o.run,
    incident: record.id,
    dir: prepared.runbook.dir,
    host: (name) => fleet.host(name),
    session: (name) => fleet.session(name),
    local: fleet.local,
    secrets: record.secrets,
    append: record.append,
    endOf: (started) => endIn(record.read(), started),
    approve: async (request, signal) => {
      const decision = await oneByOne(() => o.approve(asOfNow(request), signal))
      if (decision.answer === 'run' && decision.how === 'typed' && request.holder === undefined)
        policy.wasTyped()
      return decision
    },
    ...(o.asksPerson === undefined ? {} : { asksPerson: o.asksPerson }),
    ...(o.locks === undefined ? {} : { locks: o.locks }),
    carry: carryOut,
    resolve: prepared.resolve,
    verdictOf: (condition, host) =>
      verdictIn(record.read(), { run: o.run, runbook: prepared.runbook.name }, condition, host),
    confirm: (unit, risk) => policy.wanted(unit, risk),
    text: (bytes) => record.pipe.bytes(bytes),
    keep: record.keep,
    progress: o.progress ?? (() => undefined),
    ...(o.onOutput === undefined ? {} : { onOutput: o.onOutput }),
    now: () => new Date(),
    signal: o.signal,
    ...(o.leaving === undefined ? {} : { leaving: o.leaving }),
  }
}

function verdictIn(
  incident: Incident,
  { run, runbook }: { run: string; runbook: string },
  { of, id }: Condition,
  host: string,
): Condition['verdict'] | undefined {
  if (of === 'checks') {
    const all = Object.values(incident.checks).filter(({ check }) => check === id)
    return (all.find((check) => check.host === host) ?? all[0])?.last?.verdict
  }
  const same = Object.values(incident.steps).filter(
    (state) => state.step === id && incident.runs[state.run]?.runbook === runbook,
  )
  const own = same.filter((state) => state.run === run)
  // A run that goes on after another counts with what that one found.
  const all = own.length > 0 ? own : same.filter(({ verified }) => verified !== undefined)
  return (all.findLast((state) => state.host === host) ?? all.at(-1))?.verified?.verdict
}
