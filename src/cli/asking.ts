import type { Asked, Asking } from '../compose/headless.ts'
import type { RunbookOptions } from './options.ts'
import { askLine, hasTerminal } from './terminal.ts'

/** What the command line says of a runbook. */
export function askedOf(runbook: string, o: RunbookOptions): Asked {
  return {
    runbook,
    hosts: o.host ?? [],
    params: o.param ?? [],
    ...(o.inventory === undefined ? {} : { inventory: o.inventory }),
  }
}

/** Asks for passphrases, host keys and missing parameters on the terminal; nothing is asked without one. */
export function asking(): Asking {
  if (!hasTerminal()) return {}
  return {
    prompter: {
      secret: ({ who, what }) => askLine(`${who}: ${what}: `, { hidden: true }),
      confirm: async ({ who, what }) =>
        (await askLine(`${who}: ${what} [y/N] `))?.trim().toLowerCase() === 'y',
    },
    param: ({ name, description, secret }) =>
      askLine(`${name}${description === undefined ? '' : ` (${description})`}: `, { hidden: secret }),
  }
}

/** A signal that SIGINT, SIGTERM and SIGHUP abort; a second one ends the process at once. */
export function interruptible(): AbortSignal {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  return controller.signal
}
