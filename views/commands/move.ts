import { clamp, lengthOf, selectedStep, stepIndex } from '../context.ts'
import { checksOf } from '../parts/checks.ts'
import type { List, Pane } from '../view.ts'
import type { Deps } from './deps.ts'
import { moveLog } from './logs.ts'

/** The next or previous of a few, around the end. */
export function turn<T>(all: readonly T[], from: T, by: number): T {
  return all[(all.indexOf(from) + by + all.length) % all.length] as T
}

/** Shows the plan for the next or previous host. */
export function turnHost(deps: Deps, by: number) {
  const hosts = selectedStep(deps.context())?.hosts ?? []
  if (hosts.length > 0)
    deps.act({
      do: 'host',
      index: (clamp(deps.context().view.host, hosts.length) + by + hosts.length) % hosts.length,
    })
}

/** Moves within what has the focus. */
export function move(deps: Deps, by: number) {
  const context = deps.context()
  const { state, view } = context
  if (!state.room) return moveList(deps, view.home.list, by)
  const moved: Record<Pane, () => void> = {
    steps: () =>
      deps.act({ do: 'step', index: clamp(stepIndex(context) + by, state.room?.run?.steps.length ?? 0) }),
    checks: () =>
      deps.act({
        do: 'check',
        index: clamp(clamp(view.check, checksOf(context).length) + by, checksOf(context).length),
      }),
    logs: () => moveLog(deps, by),
    timeline: () =>
      deps.act({
        do: 'timeline',
        index: clamp(view.timeline - by, state.room?.incident.timeline.length ?? 0),
      }),
  }
  moved[view.pane]()
}

function moveList(deps: Deps, list: List, by: number) {
  const context = deps.context()
  const length = lengthOf(context, list)
  deps.act({ do: 'pick', index: clamp(clamp(context.view.home.index[list], length) + by, length) })
}

/** Scrolls the question that is shown. */
export function scrollAsk(deps: Deps, by: number) {
  deps.act({ do: 'askScroll', to: scrollTo(deps.context().view.askScroll, by, deps.extents.ask) })
}

/** Scrolls the plan of the selected step. */
export function scrollPlan(deps: Deps, by: number) {
  deps.act({ do: 'planScroll', to: scrollTo(deps.context().view.planScroll, by, deps.extents.plan) })
}

/** A scroll position `by` rows on, within what there is; one that was left beyond the end counts from the end. */
export function scrollTo(from: number, by: number, extent: number): number {
  return Math.max(0, Math.min(Math.min(from, extent) + by, extent))
}
