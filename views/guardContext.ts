import { createContext, useContext, useSyncExternalStore } from 'react'
import { createGuard, type Guard } from './guard.ts'

/** The guard of this console's questions. */
export const GuardContext = createContext<Guard>(createGuard())

/** The question that keys count for now; undefined while the guard waits. */
export function useOpenQuestion(): string | undefined {
  const guard = useContext(GuardContext)
  return useSyncExternalStore(guard.subscribe, guard.open)
}
