import type { Host } from '../model/host.ts'
import type { Confirm } from '../model/runbook.ts'
import type { Unit } from './context.ts'
import type { Approve, Decision } from './types.ts'

/** What a step wants before it runs, by its own `confirm`, its action's risk, and where it runs. */
export interface Wanted {
  confirm: Confirm
  /** What has to be typed where `confirm` is `typed`. */
  target?: string
  /** The hosts that the target stands for. */
  targetHosts?: readonly string[]
}

/** A target of more hosts than this is not typed name by name. */
const spelledOut = 3

/**
 * The approval policy of one run (protocol.md, "Approval"): observing steps run by themselves, changing ones ask, and
 * on production or over more than `confirmOver` hosts the target has to be typed, once for the runbook on this set of
 * hosts. The target is the host's name, or the names joined by commas; of more than three hosts the group that they were
 * asked for by (`group`), else their number: `40 hosts`.
 */
export function approvalPolicy(o: {
  hosts: readonly Host[]
  confirmOver: number
  group?: string | undefined
}) {
  const names = o.hosts.map(({ name }) => name)
  const target = names.length <= spelledOut ? names.join(',') : (o.group ?? `${names.length} hosts`)
  const typing: Wanted = { confirm: 'typed', target, targetHosts: names }
  const guarded = o.hosts.some(({ production }) => production) || o.hosts.length > o.confirmOver
  let typed = false
  return {
    target,
    wanted(unit: Unit, risk: 'observe' | 'change' | 'interrupt'): Wanted {
      const own = unit.step.confirm
      if (own === 'auto' && !guarded) return { confirm: 'auto' }
      if (own === undefined && risk === 'observe') return { confirm: 'auto' }
      if (own === 'auto' && risk === 'observe') return { confirm: 'auto' }
      if (own === 'typed' || (guarded && risk !== 'observe' && !typed)) return typing
      return { confirm: 'ask' }
    },
    /** Called when the target was typed, so that it is asked for once. */
    wasTyped(): void {
      typed = true
    },
  }
}

/** What a headless run was started with. */
export interface Flags {
  yes: boolean
  /** Every `--target`. */
  targets: readonly string[]
}

/** Asks on a terminal; undefined where there is none. */
export type AskTerminal = (request: Parameters<Approve>[0], signal: AbortSignal) => Promise<Decision>

/** The approver of a headless run: its flags first, then the terminal, else it stops (exit 4). */
export function headlessApprove(flags: Flags, terminal: AskTerminal | undefined): Approve {
  return async (request, signal) => {
    if (request.question !== undefined) {
      return terminal === undefined ? { answer: 'skip', reason: 'needs a person' } : terminal(request, signal)
    }
    const { confirm, target, targetHosts = [], repeats } = request
    // The flags are a consent to the runbook once, not to doing a part of it twice.
    if (repeats !== undefined) {
      const next = 'approve it on a terminal, go on behind it with --from, or say `rerun: safe` in the step'
      return terminal?.(request, signal) ?? { answer: 'stop', reason: `${repeats}; ${next}` }
    }
    if (
      flags.yes &&
      confirm === 'typed' &&
      target !== undefined &&
      covers(flags.targets, target, targetHosts)
    )
      return { answer: 'run', how: 'typed' }
    if (confirm === 'typed' && flags.yes) {
      const names = targetHosts.join(',')
      const each = names === '' || names === target ? '' : `, or every host: --target ${names}`
      const wanted = `--target ${shown(target ?? request.plan.host)}`
      return { answer: 'stop', reason: `wants its target named: ${wanted}${each}` }
    }
    if (confirm === 'ask' && flags.yes) return { answer: 'run', how: 'yes' }
    if (terminal !== undefined) return terminal(request, signal)
    if (request.optional === true) return { answer: 'skip', reason: 'no terminal to ask on, and no --yes' }
    const flag = confirm === 'typed' ? `--yes --target ${shown(target ?? request.plan.host)}` : '--yes'
    return { answer: 'stop', reason: `not approved: no terminal to ask on, and no ${flag}` }
  }
}

/** A target as it is given on a command line. */
const shown = (target: string) => (target.includes(' ') ? `'${target}'` : target)

/** True where the given targets name the wanted one, whole or host by host. */
function covers(given: readonly string[], wanted: string, hosts: readonly string[]): boolean {
  const names = new Set(given.flatMap((one) => one.split(',')))
  return given.includes(wanted) || (hosts.length > 0 && hosts.every((host) => names.has(host)))
}
