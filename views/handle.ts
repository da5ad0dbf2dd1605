import type { Deps } from './commands/deps.ts'
import { commands } from './commands.ts'
import { guarded, shownAsk } from './context.ts'
import type { Guard } from './guard.ts'
import type { Key } from './input.ts'
import { nameOf, recordFor, showKey } from './keys.ts'
import { overlayKey, promptKey, typedKey } from './overlays.ts'

/** What a key reaches beyond the commands. */
export interface HandleDeps extends Deps {
  guard: Guard
  quit(): void
}

/** Takes one key to what it is for: quitting, what is open over the screen, the question that waits, or a command. */
export function handleKey(deps: HandleDeps, key: Key) {
  const context = deps.context()
  const { view } = context
  if (view.quitting) return quittingKey(deps, key)
  if (key.name === 'ctrl-c') return deps.act({ do: 'quitting', on: true })
  if (deps.guard.cooling(key.at)) return
  const question = guarded(context)
  if (question !== undefined && !deps.guard.admits(question, key.at)) return
  if (view.overlay) {
    const takesText = view.overlay.is === 'input' || view.overlay.is === 'palette'
    return key.pasted && !takesText ? undefined : overlayKey(deps, view.overlay, key)
  }
  const ask = shownAsk(context)
  if (ask?.is === 'prompt') return promptKey(deps, ask, key)
  if (ask?.is === 'typed' && typedKey(deps, ask, key)) return
  if (key.pasted) return
  const record = recordFor(key.name, context)
  if (!record) return
  const off = record.off?.(context)
  if (off === undefined) commands[record.id](deps)
  else deps.say(`${showKey(key.name)} (${nameOf(record, context)}): ${off}`)
}

function quittingKey(deps: HandleDeps, key: Key) {
  if (key.pasted) return
  if (['ctrl-c', 'q', 'y', 'enter'].includes(key.name)) return deps.quit()
  if (key.name === 'esc' || key.name === 'n') deps.act({ do: 'quitting', on: false })
}
