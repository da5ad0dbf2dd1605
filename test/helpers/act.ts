import type { Action, Around, Plan, Verdict } from '../../src/model/action.ts'
import type { RunResult, Session } from '../../src/model/command.ts'
import { type Carried, carry, carryAll } from './carry.ts'
import { secretsOf, thisHost } from './reader.ts'

/** What one pass of an action over a host came to. */
export interface Acted<F> {
  facts: F
  plan: Plan
  carried: Carried[]
  verdict: Verdict | undefined
  /** Takes back what was carried out, newest first, as the runner does. */
  undo(): Promise<Carried[]>
}

/** A pipe that only decodes. */
export const decoded = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** The surroundings of a test's inspection. */
export function around(session: Session, o: Partial<Around> = {}): Around {
  return {
    host: thisHost,
    local: session,
    dir: '/',
    secrets: secretsOf(),
    text: decoded,
    learned: () => undefined,
    ...o,
  }
}

/** Inspects, plans, carries out up to the first failure, and looks once; what the runner does without its patience. */
export async function act<P, F>(
  action: Action<P, F>,
  session: Session,
  params: unknown,
  o: { around?: Partial<Around>; stamp?: string } = {},
): Promise<Acted<F>> {
  const p = action.params.parse(params)
  const surroundings = around(session, o.around)
  const drawn = { stamp: o.stamp ?? '20261120T030405Z', id: 'step' }
  const facts = await action.inspect(session, p, surroundings)
  const plan = action.plan(p, facts, drawn)
  const carried: Carried[] = []
  for (const { do: change } of plan.changes) {
    const one = await carry(session, change, { secrets: surroundings.secrets as never })
    carried.push(one)
    if (one.result.exitCode !== 0) break
  }
  const applied: RunResult[] = carried.map(({ result }) => result)
  const went = applied.every(({ exitCode }) => exitCode === 0)
  const verdict =
    went && plan.outcome === 'would_change'
      ? await action.verify(session, p, { before: facts, applied, around: surroundings, drawn })
      : undefined
  return {
    facts,
    plan,
    carried,
    verdict,
    undo: async () => {
      const pairs = plan.changes.slice(0, carried.length).toReversed()
      return carryAll(
        session,
        pairs.flatMap(({ undo }) => (Array.isArray(undo) ? undo : [])),
      )
    },
  }
}
