import type { Intent } from '../../src/console.types.ts'
import type { Context } from '../context.ts'
import type { Extents } from '../extents.ts'
import type { Action } from '../view.ts'

/** What a command may use. */
export interface Deps {
  context(): Context
  act(action: Action): void
  send(intent: Intent): void
  /** Sends intents one after the other; one that is rejected ends it. */
  sendAll(intents: Intent[]): void
  /** Sends an answer: the question takes no other key, unless the console rejects the answer. */
  answer(intent: Intent): void
  say(text: string, bad?: boolean): void
  copy(text: string): void
  /** How far the newest frame can be scrolled. */
  extents: Extents
  /** Rows that a page has in the focused pane. */
  page(): number
}
