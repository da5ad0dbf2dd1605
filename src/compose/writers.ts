import { isAlive } from '../journal/alive.ts'
import { newWriter } from '../journal/writer.ts'
import { operatorName } from './operator.ts'

const form = /^(.+)-(\d+)-[0-9a-f]{12}$/

/**
 * True for a writer whose process may still be at work: one of this person on this machine whose process id is taken,
 * and every other one, since nobody can look at it from here.
 */
export function mayBeAlive(writer: string): boolean {
  const [, who, pid] = form.exec(writer) ?? []
  if (who === undefined || who !== form.exec(newWriter({ by: operatorName() }))?.[1]) return true
  return isAlive(Number(pid))
}
