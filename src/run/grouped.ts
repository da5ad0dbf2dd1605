import { describeChange } from '../model/describe.ts'
import type { StepPlan } from './types.ts'

/** Hosts whose plans for a step come to the same. */
export interface SamePlan {
  hosts: string[]
  /** The plan of the first of them. */
  plan: StepPlan
}

/** The plans of one step on all of its hosts. */
export interface GroupedStep {
  step: string
  title: string
  /** What differs comes first, then what could not be told, then what is in sync. */
  groups: SamePlan[]
}

/**
 * The plans of many hosts by step, those that come to the same together: in sync for whatever reason, or the same
 * changes. Steps are in the order of the plans.
 */
export function groupPlans(plans: readonly StepPlan[]): GroupedStep[] {
  return [...Map.groupBy(plans, ({ step }) => step)].map(([step, all]) => {
    const groups = [...Map.groupBy(all, (plan) => `${plan.outcome} ${sameness(plan)}`).values()].flatMap(
      (same) => {
        const [plan] = same
        return plan === undefined ? [] : [{ hosts: same.map(({ host }) => host), plan }]
      },
    )
    const weight = ({ plan }: SamePlan) => order.indexOf(plan.outcome)
    return { step, title: all[0]?.title ?? step, groups: groups.toSorted((a, b) => weight(a) - weight(b)) }
  })
}

const order: string[] = ['would_change', 'cannot_tell', 'in_sync']

function sameness(plan: StepPlan): string {
  if (plan.outcome === 'in_sync') return ''
  return plan.outcome === 'cannot_tell' ? plan.because : changesKey(plan)
}

/** What a diff shows in the place of a value: two that look the same may differ behind it. */
const masked = /‹secret:|‹redacted/

/**
 * Two plans with the same key show a person the same changes: what they say, what they run, their diffs and their undo. Where
 * a diff does not show all, both of its sides have to be the same files.
 */
export function changesKey({ plan }: StepPlan): string {
  return JSON.stringify(
    plan.changes.map(({ do: change, undo }) => [
      change.say,
      describeChange(change),
      change.diff?.unified,
      change.diff?.hidden,
      change.diff !== undefined && (change.diff.hidden !== undefined || masked.test(change.diff.unified))
        ? [change.diff.from, change.diff.to]
        : undefined,
      Array.isArray(undo) ? undo.map(({ say }) => say) : undo.impossible,
    ]),
  )
}

/** How many of the plans come to what: `38 in sync, 2 would change`. */
export function countOutcomes(plans: readonly { outcome: StepPlan['outcome'] }[]): string {
  const words: Record<string, string> = {
    in_sync: 'in sync',
    would_change: 'would change',
    cannot_tell: "can't tell",
  }
  const kinds = Map.groupBy(plans, ({ outcome }) => words[outcome] ?? 'after another step')
  return [...Object.values(words), 'after another step']
    .flatMap((word) => (kinds.has(word) ? [`${kinds.get(word)?.length} ${word}`] : []))
    .join(', ')
}
