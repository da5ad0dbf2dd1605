import { createContext, useContext, useInsertionEffect } from 'react'

/** How far each scrolled part of the newest frame can go, in rows: so that a key never scrolls past the end. */
export interface Extents {
  plan: number
  ask: number
  overlay: number
}

export function createExtents(): Extents {
  return { plan: 0, ask: 0, overlay: 0 }
}

export const ExtentsContext = createContext<Extents>(createExtents())

/** Tells how far a part of the committed frame can be scrolled. */
export function useExtent(part: keyof Extents, rows: number, height: number): void {
  const extents = useContext(ExtentsContext)
  useInsertionEffect(() => {
    extents[part] = Math.max(0, rows - height)
  }, [extents, part, rows, height])
}
