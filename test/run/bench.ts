import { readFile, writeFile } from 'node:fs/promises'
import { vi } from 'vitest'
import { stringify } from 'yaml'
import { runContext } from '../../src/compose/context.ts'
import { createFleet } from '../../src/compose/fleet.ts'
import { declare, type OpenIncident } from '../../src/compose/incident.ts'
import { openRunbook } from '../../src/compose/open.ts'
import { type Prepared, prepareRun } from '../../src/compose/prepare.ts'
import type { Action, Plan, PlannedChange, Verdict } from '../../src/model/action.ts'
import type { EventData, EventRecord, EventType } from '../../src/model/event.ts'
import { isEvent } from '../../src/model/event.ts'
import type { Host } from '../../src/model/host.ts'
import type { StepState } from '../../src/model/incident.ts'
import type { Step } from '../../src/model/runbook.ts'
import type { Outputs, RunContext, Unit } from '../../src/run/context.ts'
import type { UnitEnd } from '../../src/run/end.ts'
import { createLocks } from '../../src/run/locks.ts'
import { createOutputs } from '../../src/run/run.ts'
import { runUnit } from '../../src/run/step.ts'
import type { ApprovalRequest, Approve, Decision } from '../../src/run/types.ts'
import { tempDir } from '../helpers/reader.ts'
import { testHost } from '../hosts/helpers/machine.ts'

/** A run's real surroundings: local hosts, a journal in a temporary folder, the pipe; only the approver is the test's. */
export interface RunBench extends AsyncDisposable {
  at(...names: string[]): string
  context: RunContext
  incident: OpenIncident
  prepared: Prepared
  outputs: Outputs
  /** What was asked, in order. */
  asked: ApprovalRequest[]
  abort(): void
  /** The unit of a step of the runbook, on its first host or the named one. */
  unit(id: string, host?: string): Unit
  run(unit: Unit): Promise<UnitEnd>
  events(): EventRecord[]
  of<T extends EventType>(type: T): EventData<T>[]
  state(id: string, host?: string): StepState | undefined
}

/** The runbook of this process's tests: locks hold for the whole machine, and other test files run beside. */
export const bookName = `book-${process.pid}`

/** What a test's run is made of: steps of a runbook in YAML's form, actions of the test's own beside the real ones. */
export interface BenchOptions {
  steps?: readonly Record<string, unknown>[]
  book?: Record<string, unknown>
  given?: Record<string, string>
  hosts?: readonly string[]
  production?: boolean
  /** How the hosts are reached; each is this machine where absent. */
  reach?: Partial<Host>
  /** Answers in order; `run` by --yes where there is none. */
  answers?: (Decision | ((request: ApprovalRequest) => Decision | Promise<Decision>))[]
  now?: () => Date
  /** Steps take their locks, as a real run's do. */
  locks?: boolean
}

export const yes: Decision = { answer: 'run', how: 'yes' }
export const enter: Decision = { answer: 'run', how: 'enter' }

/** Makes the surroundings; nothing has run yet. */
export async function runBench(o: BenchOptions = {}): Promise<RunBench> {
  const dir = await tempDir()
  vi.stubEnv('SITREP_HOME', dir.at('state'))
  vi.stubEnv('XDG_STATE_HOME', dir.at('host-state'))
  const names = o.hosts ?? ['here']
  const steps = (o.steps ?? [{ id: 'none', with: { run: 'true' } }]).map((step) => ({
    title: `Step ${step.id}`,
    uses: 'shell',
    ...step,
  }))
  await writeFile(
    dir.at('book.yaml'),
    stringify({ runbook: bookName, title: 'A book', hosts: names, ...o.book, steps }),
  )
  const incident = await declare({ title: 'A test' })
  const hosts = names.map((name) => testHost({ ...o.reach, name, production: o.production ?? false }))
  const inventory = { hosts, confirmOver: 3 }
  const prepared = await prepareRun({
    runbook: await openRunbook(dir.at('book.yaml')),
    inventory,
    hosts: [],
    given: o.given ?? {},
    sources: {
      env: process.env,
      readFile: (path) => readFile(path, 'utf8'),
      stdin: async () => '',
      secrets: incident.secrets,
      cwd: dir.path,
    },
  })
  const fleet = await createFleet({ hosts, secrets: incident.secrets })
  const stop = new AbortController()
  const asked: ApprovalRequest[] = []
  const answers = [...(o.answers ?? [])]
  const approve: Approve = async (request) => {
    asked.push(request)
    const answer = answers.shift() ?? yes
    return typeof answer === 'function' ? answer(request) : answer
  }
  const run = crypto.randomUUID()
  const { runbook } = prepared
  await incident.append('runbook.opened', {
    run,
    runbook: runbook.name,
    title: runbook.title,
    file: runbook.file,
    sha256: runbook.sha256,
    hosts: [...names],
    params: {},
    steps: [],
  })
  const base = runContext({
    run,
    record: incident,
    inventory,
    prepared,
    fleet,
    approve,
    signal: stop.signal,
    ...(o.locks === true
      ? { locks: createLocks({ by: 'ana@laptop', runbook: bookName, takeOver: [] }) }
      : {}),
  })
  const records: EventRecord[] = []
  incident.onRecord((record) => records.push(record))
  const bench: RunBench = {
    at: dir.at,
    incident,
    prepared,
    asked,
    outputs: createOutputs(),
    context: {
      ...base,
      resolve: (unit, outputs) =>
        ownActions.has(unit.step)
          ? {
              is: 'resolved',
              action: ownActions.get(unit.step)!,
              params: unit.step.with,
              title: unit.step.title,
            }
          : base.resolve(unit, outputs),
      ...(o.now === undefined ? {} : { now: o.now }),
    },
    abort: () => stop.abort(),
    unit: (id, host) => {
      const found = prepared.units.find((unit) => unit.step.id === id && (host ?? unit.host) === unit.host)
      if (found === undefined) throw new Error(`no unit ${id}`)
      return found
    },
    run: (unit) => runUnit(bench.context, unit, bench.outputs),
    events: () => records,
    of: (type) => records.flatMap((record) => (isEvent(record, type) ? [record.data] : [])) as never,
    state: (id, host = names[0] ?? '') => incident.read().steps[`${run} ${id} ${host}`],
    [Symbol.asyncDispose]: async () => {
      await fleet[Symbol.asyncDispose]()
      await incident.close()
      await dir[Symbol.asyncDispose]()
      vi.unstubAllEnvs()
    },
  }
  return bench
}

const ownActions = new WeakMap<Step, Action>()

/** A unit of a test's own action; what is not said looks in sync and verifies ok. */
export function ownUnit(action: Partial<Action>, step: Partial<Step> = {}, host = 'here'): Unit {
  const at = { file: 'test', line: 1, column: 1 }
  const whole: Step = {
    id: 'own',
    title: 'Own',
    uses: 'test.own',
    with: {},
    rerun: 'unsafe',
    public: [],
    secret: [],
    at,
    locate: () => at,
    ...step,
  }
  ownActions.set(whole, {
    name: 'test.own',
    summary: '',
    risk: 'change',
    params: undefined as never,
    example: '',
    locks: () => [],
    inspect: async () => ({}),
    plan: () => inSync,
    verify: async () => ok,
    ...action,
  } as Action)
  return { step: whole, host }
}

export const ok: Verdict = { verdict: 'ok', reason: 'as it should be' }
export const inSync: Plan = { outcome: 'in_sync', because: 'nothing to do', changes: [] }

/** A plan of shell changes, each with what takes it back. */
export function shellPlan(...changes: { run: string; undo?: string | false }[]): Plan {
  return {
    outcome: 'would_change',
    because: 'the test says so',
    changes: changes.map(
      ({ run, undo }): PlannedChange => ({
        do: { say: run, run: { argv: ['sh', '-c', run] } },
        undo:
          undo === false
            ? { impossible: 'it is not to be had back' }
            : undo === undefined
              ? []
              : [{ say: undo, run: { argv: ['sh', '-c', undo] } }],
      }),
    ),
  }
}
