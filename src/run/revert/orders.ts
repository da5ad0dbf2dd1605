import type { Command, Session } from '../../model/command.ts'
import { messageOf } from '../../model/errors.ts'
import type { RevertRef } from '../../model/incident.ts'
import { lastLine, type ToText, wholeText } from '../../model/said.ts'
import { shownLine } from '../shown.ts'
import { folderText } from './program.ts'

/** What a host says of a revert. Times are the host's own. */
export type RevertState =
  /** Seconds until it fires. */
  | { is: 'armed'; left: number }
  | { is: 'confirmed' }
  | { is: 'firing' }
  /** It began to fire, and what did so is gone; it goes on when the host starts again. */
  | { is: 'died' }
  | { is: 'fired'; verdict: 'ok' | 'failed'; when: string; detail: string }
  /** The host knows no such revert. */
  | { is: 'none' }
  | { is: 'unknown'; reason: string }

/** What the console asks of a revert on its host; each may be asked again without harm. */
export type Order =
  | readonly ['state']
  | readonly ['begin', index: string, job: string]
  | readonly ['ended', job: string]
  | readonly ['confirm']
  | readonly ['fire']
  | readonly ['forget']

const orderText = `${folderText}[ -f "$D/revert" ] || { [ "$1" != forget ] || rm -rf -- "$D"; echo none; exit 0; }
exec sh "$D/revert" "$@"`

const patienceMs = 60_000

/** Gives one order to the host as the user of the step, and gives what the host then says. Never throws. */
export async function order(
  session: () => Promise<Session>,
  { id, as }: RevertRef,
  what: Order,
  text: ToText,
): Promise<RevertState> {
  const command: Command = {
    argv: ['sh', '-c', orderText, 'sh', id, ...what],
    shown: `sitrep: revert ${what[0]}`,
    ...(as === undefined ? {} : { as }),
  }
  try {
    const result = await (await session()).run(command, { timeoutMs: patienceMs })
    const said = wholeText(result.stdout, text)
    const state = parseState(said, text)
    // A change that the host could not write down may not begin: the revert would not know of it.
    if (state?.is === 'armed' && result.exitCode !== 0)
      return { is: 'unknown', reason: 'it can not be written down on the host' }
    if (state !== undefined) return state
    if (what[0] === 'forget' && result.exitCode === 0) return { is: 'none' }
    const why = result.problem ?? lastLine(wholeText(result.stderr, text)) ?? `it ended by ${result.endedBy}`
    return { is: 'unknown', reason: shownLine(why, text) }
  } catch (error) {
    return { is: 'unknown', reason: messageOf(error) }
  }
}

/** Reads what the program prints: `armed 42`, `fired ok 1700000000 what was done`, or one word. */
export function parseState(said: string, text: ToText): RevertState | undefined {
  const armed = /^armed (\d+)$/m.exec(said)?.[1]
  if (armed !== undefined) return { is: 'armed', left: Number(armed) }
  const fired = /^fired (ok|failed) (\d{1,11}) (.*)$/m.exec(said)
  if (fired !== null) {
    const [, verdict, at, detail = ''] = fired
    const when = new Date(Number(at) * 1000).toISOString()
    return { is: 'fired', verdict: verdict as 'ok' | 'failed', when, detail: shownLine(detail, text, 2000) }
  }
  const is = /^(confirmed|firing|died|none)$/m.exec(said)?.[1]
  return is === undefined ? undefined : { is: is as 'confirmed' | 'firing' | 'died' | 'none' }
}
