import type { Asked, Asking } from '../compose/headless.ts'
import type { Question } from '../hosts/prompter.ts'
import { inert } from '../logs/inert.ts'
import type { RunbookOptions } from './options.ts'
import { askLine, hasTerminal, inTurn } from './terminal.ts'

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
      secret: (q) => inTurn(() => askLine(asked(q), { hidden: true, ...until(q) })),
      text: (q) => inTurn(() => askLine(asked(q), until(q))),
      confirm: (q) =>
        inTurn(async () => {
          const said = await askLine(inert(`${q.who}: ${q.what} [y/N] `), until(q))
          return said?.trim().toLowerCase() === 'y'
        }),
    },
    param: ({ name, description, secret }) =>
      askLine(`${name}${description === undefined ? '' : ` (${description})`}: `, { hidden: secret }),
  }
}

/** The question as it stands on the terminal: what a host says in it can do nothing there. */
function asked({ who, what }: Question): string {
  const text = inert(`${who}: ${what.trimEnd()}`)
  return /[:?]$/.test(text) ? `${text} ` : `${text}: `
}

const until = ({ signal }: Question) => (signal === undefined ? {} : { signal })

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
