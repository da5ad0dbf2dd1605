import { createContext, useCallback, useContext, useRef, useSyncExternalStore } from 'react'
import type { Console, ConsoleState } from '../src/console.types.ts'
import type { Context } from './context.ts'
import { type Action, firstView, reduce, type View } from './view.ts'

/** State that tells when it changed. */
interface Source<T> {
  get(): T
  subscribe(listener: () => void): () => void
}

/** The view's own state: changed at once, so that the second key of a chunk sees what the first one did. */
interface ViewStore extends Source<View> {
  act(action: Action): void
}

export function createViewStore(): ViewStore {
  const listeners = new Set<() => void>()
  let view = firstView
  return {
    get: () => view,
    subscribe: subscriber(listeners),
    act(action) {
      const next = reduce(view, action)
      if (next === view) return
      view = next
      for (const listener of listeners) listener()
    },
  }
}

/** The console's state at most `fps` times a second, the first change at once: a flood of log lines costs frames, not lines. */
export function throttled(console: Console, fps = 30): Source<ConsoleState> & { close(): void } {
  const listeners = new Set<() => void>()
  let shown = console.getState()
  let timer: NodeJS.Timeout | undefined
  let last = 0
  const publish = () => {
    timer = undefined
    last = performance.now()
    shown = console.getState()
    for (const listener of listeners) listener()
  }
  const unsubscribe = console.subscribe(() => {
    if (timer !== undefined) return
    const wait = last + 1000 / fps - performance.now()
    if (wait <= 0) publish()
    else timer = setTimeout(publish, wait)
  })
  return {
    get: () => shown,
    subscribe: subscriber(listeners),
    close() {
      unsubscribe()
      clearTimeout(timer)
    },
  }
}

function subscriber(listeners: Set<() => void>) {
  return (listener: () => void) => {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }
}

/** The two stores that every screen reads. */
interface Stores {
  state: Source<ConsoleState>
  view: Source<View>
}

export const StoresContext = createContext<Stores | undefined>(undefined)

function useStores(): Stores {
  const stores = useContext(StoresContext)
  if (!stores) throw new Error('StoresContext is not provided')
  return stores
}

/**
 * Both states, as of the last time that one of the selected parts changed: a pane that watches the logs is not rendered
 * again for a new timeline row. `select` gives parts of the states, not new objects.
 */
export function useWatch(select: (context: Context) => readonly unknown[]): Context {
  const { state, view } = useStores()
  const last = useRef<{ parts: readonly unknown[]; context: Context }>(undefined)
  const subscribe = useCallback(
    (listener: () => void) => {
      const ends = [state.subscribe(listener), view.subscribe(listener)]
      return () => {
        for (const end of ends) end()
      }
    },
    [state, view],
  )
  return useSyncExternalStore(subscribe, () => {
    const context = { state: state.get(), view: view.get() }
    const parts = select(context)
    const before = last.current
    if (
      before &&
      before.parts.length === parts.length &&
      before.parts.every((part, at) => Object.is(part, parts[at]))
    ) {
      return before.context
    }
    last.current = { parts, context }
    return context
  })
}
