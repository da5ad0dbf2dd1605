import type { Context } from '../context.ts'

/** Where a key counts. The first layer that knows a key takes it. */
export type Layer =
  | 'global'
  | 'home'
  | 'room'
  | 'steps'
  | 'checks'
  | 'logs'
  | 'timeline'
  | 'approval'
  | 'typed'
  | 'manual'

/** One key of the console: the help screen, the footer, the palette and docs/reference/keys.md are made of these. */
export interface KeyRecord {
  /** The name of its command. */
  id: string
  layer: Layer
  keys: readonly string[]
  /** Short, for the footer; may say what it would do now. */
  name: string | ((context: Context) => string)
  /** One sentence, for the help screen and the reference. */
  does: string
  /** Why it does nothing now; undefined where it does. */
  off?: (context: Context) => string | undefined
  /** Its place in the footer, lowest first; not shown there where absent. */
  footer?: number
}
