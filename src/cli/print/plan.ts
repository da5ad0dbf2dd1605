import { describeChange } from '../../model/describe.ts'
import { countOutcomes, groupPlans } from '../../run/grouped.ts'
import type { StepPlan } from '../../run/types.ts'
import type { Ink } from '../output.ts'

/** The word and style of an outcome. */
export function outcomeWord(outcome: StepPlan['outcome']): {
  word: string
  style: 'good' | 'warn' | 'bad' | 'dim'
} {
  if (outcome === 'in_sync') return { word: 'in sync', style: 'good' }
  if (outcome === 'would_change') return { word: 'would change', style: 'warn' }
  if (outcome === 'cannot_tell') return { word: "can't tell", style: 'bad' }
  return { word: `after ${outcome.slice('after_step:'.length)}`, style: 'dim' }
}

/** One step's plan as lines: outcome and why, then each change with its diff, command and undo. */
export function planLines(plan: StepPlan, ink: Ink): string[] {
  return [`  ${ink('strong', plan.step)}  ${plan.title}`, ...outcomeLines(plan, ink)]
}

/** Names of hosts in one line, the first of them where there are many. */
function someHosts(hosts: readonly string[]): string {
  const shown = hosts.slice(0, 8).join(', ')
  return hosts.length > 8 ? `${shown} and ${hosts.length - 8} more` : shown
}

/** The plans of many hosts by step, hosts with the same outcome and the same changes together. */
export function groupedLines(plans: readonly StepPlan[], ink: Ink): string[] {
  return groupPlans(plans).flatMap(({ step, title, groups }) => [
    `  ${ink('strong', step)}  ${title}: ${countOutcomes(plans.filter((plan) => plan.step === step))}`,
    ...groups.flatMap(({ hosts, plan }) => [`    on ${someHosts(hosts)}`, ...outcomeLines(plan, ink)]),
  ])
}

function outcomeLines(plan: StepPlan, ink: Ink): string[] {
  const { word, style } = outcomeWord(plan.outcome)
  const lines = [`    ${ink(style, word)}: ${plan.because}`]
  for (const evidence of plan.plan.evidence ?? []) lines.push(`    ${evidence}`)
  for (const { do: change, undo } of plan.plan.changes) {
    lines.push(`    - ${change.say}`)
    const command = describeChange(change)
    if (command !== undefined) lines.push(...indent(command, '        ').map((line) => ink('dim', line)))
    if (change.diff !== undefined) {
      const { path, from, to, unified, hidden } = change.diff
      lines.push(`        ${path}: sha256 ${from} -> ${to}`)
      if (hidden !== undefined) lines.push(`        (no diff shown: ${hidden})`)
      for (const line of indent(unified, '        ')) lines.push(paintDiff(line, ink))
    }
    const back = Array.isArray(undo)
      ? undo.map(({ say }) => say).join('; ')
      : `impossible: ${undo.impossible}`
    lines.push(ink('dim', `        undo: ${back === '' ? 'nothing to take back' : back}`))
  }
  return lines
}

/** The JSON form of one step's plan (protocol.md, "JSON on stdout"). */
export function planJson(plan: StepPlan): object {
  return {
    id: plan.step,
    title: plan.title,
    uses: plan.uses,
    outcome: plan.outcome,
    because: plan.because,
    ...(plan.plan.evidence === undefined ? {} : { evidence: plan.plan.evidence }),
    changes: plan.plan.changes.map(({ do: change, undo }) => {
      const run = describeChange(change)
      return {
        say: change.say,
        ...(change.diff === undefined ? {} : { diff: change.diff }),
        ...(run === undefined ? {} : { run }),
        undo: Array.isArray(undo) ? undo.map((back) => back.say) : undo,
      }
    }),
  }
}

function indent(text: string, by: string): string[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .filter((line, _, all) => all.length > 1 || line !== '')
    .map((line) => by + line)
}

function paintDiff(line: string, ink: Ink): string {
  const mark = line.trimStart()[0]
  if (mark === '+') return ink('good', line)
  if (mark === '-') return ink('bad', line)
  return mark === '@' ? ink('dim', line) : line
}
