import { render } from 'ink'
import type { Console, Intent } from '../src/console.types.ts'
import { App } from './app.tsx'
import { copy } from './clipboard.ts'
import { approvalAsk, type Context, dueAsk, promptAsk } from './context.ts'
import { createExtents, ExtentsContext } from './extents.ts'
import { createGuard } from './guard.ts'
import { GuardContext } from './guardContext.ts'
import type { HandleDeps } from './handle.ts'
import { createViewStore, StoresContext, throttled } from './store.ts'
import { ThemeContext, themeOf } from './theme.ts'

/** Where the console is drawn and what it is told; the process's own by default. */
export interface StartOptions {
  stdin?: NodeJS.ReadStream
  stdout?: NodeJS.WriteStream
  env?: Record<string, string | undefined>
  /** Writes each frame whole, without moving the cursor: for tests. */
  debug?: boolean
}

/** Why the console was left. */
export type Ended = { by: 'person' | 'SIGTERM' | 'SIGHUP' }

/**
 * Shows the console in the alternate screen until the person leaves, or the process is told to end. The terminal is as
 * it was whenever this settles, and also when something throws. The caller then closes the console. Rejects where there
 * is no terminal, and with what a view threw.
 */
export async function start(console: Console, o: StartOptions = {}): Promise<Ended> {
  const { stdin = process.stdin, stdout = process.stdout, env = process.env, debug = false } = o
  if (!stdin.isTTY || !stdout.isTTY)
    throw new Error('The console needs a terminal on its input and its output.')
  const state = throttled(console)
  const view = createViewStore()
  const guard = createGuard()
  const extents = createExtents()
  const stores = { state, view }
  const theme = themeOf(env)
  let ended: Ended = { by: 'person' }
  const deps = createDeps()

  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 })
  const tree = () => (
    <ThemeContext value={theme}>
      <GuardContext value={guard}>
        <ExtentsContext value={extents}>
          <StoresContext value={stores}>
            <App deps={deps} {...size()} />
          </StoresContext>
        </ExtentsContext>
      </GuardContext>
    </ThemeContext>
  )
  const ink = render(tree(), {
    stdin,
    stdout,
    debug,
    alternateScreen: true,
    incrementalRendering: true,
    interactive: true,
    exitOnCtrlC: false,
    // The console's state is throttled already; a second throttle would beat against it.
    maxFps: 1000,
    onRender: () => guard.written(),
  })
  // Before Ink's own listener, so that Ink never lays out a frame of the old size in the new one.
  const resized = () => ink.rerender(tree())
  stdout.prependListener('resize', resized)
  const leave = (by: Ended['by']) => () => {
    ended = { by }
    ink.unmount()
  }
  const terminate = leave('SIGTERM')
  const hangUp = leave('SIGHUP')
  const restore = () => ink.unmount()
  process.on('SIGTERM', terminate)
  process.on('SIGHUP', hangUp)
  // The trace of what nobody caught is printed after this: on the person's own screen, not on the one that goes away.
  process.on('uncaughtExceptionMonitor', restore)
  // A terminal that went away (a closed window) fails every write; that must not be an uncaught exception.
  const ignore = () => {}
  stdout.on('error', ignore)
  try {
    await ink.waitUntilExit()
    return ended
  } finally {
    ink.unmount()
    guard.close()
    state.close()
    stdout.off('resize', resized)
    process.off('SIGTERM', terminate)
    process.off('SIGHUP', hangUp)
    process.off('uncaughtExceptionMonitor', restore)
    stdout.off('error', ignore)
  }

  function createDeps(): HandleDeps {
    const context = (): Context => ({ state: state.get(), view: view.get() })
    const say = (text: string, bad = false) => {
      const at = new Date(Math.max(Date.now(), state.get().now)).toISOString()
      const under = dueAsk(context())?.key
      view.act({ do: 'say', text, bad, at, ...(under === undefined ? {} : { under }) })
    }
    const sendAll = async (intents: Intent[]): Promise<boolean> => {
      try {
        for (const intent of intents) await console.send(intent)
        return true
      } catch (error) {
        say(reasonOf(error), true)
        return false
      }
    }
    return {
      context,
      guard,
      extents,
      act: view.act,
      say,
      send: (intent) => void sendAll([intent]),
      sendAll: (intents) => void sendAll(intents),
      answer(intent) {
        const question = questionOf(intent, context())
        guard.answered(question, Date.now())
        void sendAll([intent]).then((sent) => {
          if (!sent && question !== undefined) view.act({ do: 'tryAgain' })
        })
      },
      copy(text) {
        copy(text, stdout, env).then(say, (error) => say(reasonOf(error), true))
      },
      page: () => Math.max(1, Math.floor(size().rows / 2)),
      quit: () => ink.unmount(),
    }
  }
}

/** The key of the question that an intent answers; undefined where it answers none that waits. */
function questionOf(intent: Intent, context: Context): string | undefined {
  if (intent.do === 'reply') return promptAsk(context)?.key
  const ask = approvalAsk(context)
  return 'request' in intent && intent.request === ask?.request ? ask.key : undefined
}

/** What a rejection says: what happened, where, and what to do next (a SitrepError has all three). */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { where, next } = error as { where?: unknown; next?: unknown }
  return [typeof where === 'string' ? `${where}: ${error.message}` : error.message, next]
    .filter(Boolean)
    .join('; ')
}
