import type { Output } from '../../model/command.ts'
import { converse } from '../converse.ts'
import type { Machine } from '../machine.ts'
import { drawNonce } from '../marks.ts'
import { collect } from '../output.ts'
import { back } from './back.ts'

/** What a short look at a job's folder may take, in milliseconds. */
const patience = 15_000

/** What the host said in a look: the marks by name, and what was printed. */
export interface Looked {
  marks: ReadonlyMap<string, string>
  stdout: Output
  stderr: Output
}

/**
 * Runs one of the short texts to its end, among the other reads; each may be run twice, and is where the link was lost and is
 * there again. Throws where the host did not answer.
 */
export async function lookAt(
  machine: Machine,
  text: (nonce: string) => string,
  o: { limit?: number } = {},
): Promise<Looked> {
  const first = await once(machine, text, o.limit)
  if (typeof first !== 'string') return first
  const second = (await back(machine)) ? await once(machine, text, o.limit) : first
  if (typeof second === 'string') throw new Error(second)
  return second
}

/** One try; gives the reason where the link was lost in it. */
async function once(
  machine: Machine,
  text: (nonce: string) => string,
  limit: number | undefined,
): Promise<Looked | string> {
  const nonce = drawNonce()
  const out = collect(limit)
  const err = collect(limit)
  const talk = await converse(machine, text(nonce), {
    nonce,
    wrapped: { text: '', input: '' },
    listener: (stream, chunk) => (stream === 'stdout' ? out : err).add(chunk),
    shared: true,
    plain: true,
  })
  const timer = setTimeout(() => talk.abandon(), patience)
  const end = await talk.ended
  clearTimeout(timer)
  if ('lost' in end) return end.lost
  return { marks: talk.marks, stdout: out.output(), stderr: err.output() }
}
