import type { CheckSpec, LogSpec, ParamSpec, Runbook, Step } from '../model/runbook.ts'
import type { Source } from '../model/source.ts'
import { type Included, includedSteps } from './include.ts'
import type { Kinds } from './kinds.ts'
import { kindOfCheck } from './parts.ts'
import type { RunbookFile, StepFile } from './schema.ts'

interface Ground {
  source: Source
  kinds: Kinds
  params: ParamSpec[]
  included: Included
  file: string
  sha256: string
  dir: string
}

/** The runbook of a file that was found valid. */
export function buildRunbook(form: RunbookFile, ground: Ground): Runbook {
  const { source, included, file, sha256, dir } = ground
  const others = [...included.values()].map(({ runbook }) => runbook)
  const own = new Set(ground.params.map(({ name }) => name))
  const params = [
    ...ground.params,
    ...firstOf(
      others.flatMap((other) => other.params.map((spec) => ({ ...spec, dir: spec.dir ?? other.dir }))),
    ).filter(({ name }) => !own.has(name)),
  ]
  const vars = Object.fromEntries(
    Object.entries(form.vars ?? {}).map(([name, value]) => [name, String(value)]),
  )
  return {
    name: form.runbook,
    title: form.title,
    ...defined({ description: form.description }),
    symptoms: form.symptoms ?? [],
    params,
    vars: Object.assign({}, ...others.map((other) => other.vars), vars),
    hosts: form.hosts ?? [],
    logs: (form.logs ?? []).map((log, i) => buildLog(log, source, i)),
    checks: (form.checks ?? []).map((check, i) => buildCheck(check, ground, i)),
    steps: form.steps.flatMap((step, i) => {
      const include = included.get(i)
      return include === undefined ? [buildStep(step, source, i)] : includedSteps(include)
    }),
    file,
    sha256,
    dir,
  }
}

/** Of several parameters with one name the first. */
function firstOf(params: readonly ParamSpec[]): ParamSpec[] {
  return [...new Map(params.toReversed().map((spec) => [spec.name, spec])).values()].toReversed()
}

function buildStep(form: StepFile, source: Source, index: number): Step {
  const path = ['steps', index]
  return {
    id: form.id,
    title: form.title,
    uses: form.uses,
    with: form.with ?? {},
    ...defined({
      hosts: form.hosts,
      as: form.as,
      timeout: form.timeout,
      within: form.within,
      settle: form.settle,
      confirm: form.confirm,
      onFail: form.on_fail,
      serial: form.serial,
      maxFailures: form.max_failures,
      revertAfter: form.revert_after,
      if: form.if,
      register: form.register,
    }),
    rerun: form.rerun ?? 'unsafe',
    public: form.public ?? [],
    secret: form.secret ?? [],
    at: source.locate(path),
    locate: (inner) => source.locate([...path, 'with', ...inner]),
  }
}

function buildCheck(
  form: NonNullable<RunbookFile['checks']>[number],
  { source, kinds }: Ground,
  index: number,
): CheckSpec {
  const path = ['checks', index]
  const own = kindOfCheck(form, kinds)!
  return {
    id: form.id,
    title: form.title ?? form.id,
    kind: own.kind,
    with: own.with,
    ...defined({ hosts: form.hosts, as: form.as, within: form.within }),
    at: source.locate(path),
    locate: (inner) => source.locate([...path, own.kind, ...inner]),
  }
}

function buildLog(form: NonNullable<RunbookFile['logs']>[number], source: Source, index: number): LogSpec {
  const at = source.locate(['logs', index])
  if (typeof form === 'string') {
    const colon = form.indexOf(':')
    return { kind: form.slice(0, colon), name: form.slice(colon + 1).trim(), at }
  }
  const { hosts, as, ...rest } = form
  const [kind = '', name] = Object.entries(rest)[0] ?? []
  return { kind, name: String(name), ...defined({ hosts, as }), at }
}

/** The entries that are there; `exactOptionalPropertyTypes` tells absent from undefined. */
function defined<T extends object>(map: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined)) as never
}
