import type { Output } from '../../model/command.ts'
import { type Conversation, converse } from '../converse.ts'
import { beginText, leadIn } from '../lead.ts'
import type { Machine } from '../machine.ts'
import { drawNonce } from '../marks.ts'
import { collect } from '../output.ts'

/** What a short look at a job's folder may take, in milliseconds. */
const patience = 15_000

/** What the host said in a look: the marks by name, and what was printed. */
export interface Looked {
  marks: ReadonlyMap<string, string>
  stdout: Output
  stderr: Output
}

/** Runs one of text.ts's short texts to its end. Throws where the host did not answer. */
export async function lookAt(machine: Machine, text: (nonce: string) => string): Promise<Looked> {
  const nonce = drawNonce()
  const out = collect()
  const err = collect()
  const talk: Conversation = await converse(machine, leadIn(`${beginText(nonce)}\n${text(nonce)}`), {
    nonce,
    wrapped: { text: '', input: '' },
    listener: (stream, chunk) => (stream === 'stdout' ? out : err).add(chunk),
  })
  const timer = setTimeout(() => talk.abandon(), patience)
  const end = await talk.ended
  clearTimeout(timer)
  if ('lost' in end) throw new Error(end.lost)
  return { marks: talk.marks, stdout: out.output(), stderr: err.output() }
}
