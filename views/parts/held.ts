import type { LockHolder } from '../../src/model/lock.ts'
import type { Row } from '../row.ts'
import { hanging } from './plan.ts'

/** Whose lock would be taken over: who, of what, since when, for what, and whether it is at work. */
export function heldRows(
  holder: LockHolder,
  { host, because, width }: { host: string; because: string; width: number },
): { head: Row[]; body: Row[] } {
  const { lock, resource, by, incident, step, since, running } = holder
  return {
    head: [
      ...hanging('lock  ', lock, width, 'strong', 'dim'),
      ...hanging('of    ', `${resource} on ${host}`, width, 'plain', 'dim'),
      ...hanging('held  ', `by ${by} since ${since}`, width, 'strong', 'dim'),
      ...hanging('for   ', `${step} in ${incident}`, width, 'plain', 'dim'),
      ...(running
        ? hanging('work  ', 'A COMMAND OF IT RUNS ON THE HOST', width, 'bad', 'dim')
        : hanging('work  ', 'no command of it runs on the host just now', width, 'plain', 'dim')),
      ...hanging('      ', because, width, 'warn'),
    ],
    body: [[['Taking it over is recorded. The holder can begin nothing more with it.', 'dim']]],
  }
}
