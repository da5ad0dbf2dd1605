import { createHash } from 'node:crypto'
import { maskLines } from '../actions/shared/mask.ts'
import { storeArtifact, sweepParts } from '../journal/artifacts.ts'
import type { Pipe } from '../logs/pipe.ts'
import { SitrepError } from '../model/errors.ts'
import type { Append } from '../model/event.ts'
import type { Incident } from '../model/incident.ts'
import type { Found, Keep } from '../run/keep.ts'
import { keepOutput, whyUnkept } from './keepOutput.ts'

/** Keeps an incident's outputs, diffs and files in its folder, and journals the diffs and files. */
export function createKeep(o: { dir: string; pipe: Pipe; append: Append; read(): Incident }): Keep {
  const known = new Set<string>()
  // What an earlier console left unfinished is removed before the first thing is kept, and nobody waits for it.
  let swept = false
  const sweep = () => {
    if (!swept) void sweepParts(o.dir).catch(() => undefined)
    swept = true
  }

  /** Keeps one text; undefined where it was kept or is known, else why not. */
  async function keepFound(found: Found): Promise<string | undefined> {
    const { host, name, original } = found
    const key = shaOf(`${host}\n${name}\n${shaOf(found.text)}`)
    if (known.has(key)) return undefined
    known.add(key)
    try {
      const { text, cut } = shownOf(found.text, o.pipe)
      const stored = await storeArtifact(o.dir, text)
      const before = o.read().artifacts[stored.sha256]
      if (before !== undefined && before.name === name && before.host === host) return undefined
      const { sha256, bytes } = stored
      await o.append('artifact.added', {
        sha256,
        bytes,
        name,
        host,
        ...(original === undefined ? {} : { original }),
        cut: cut || stored.cut,
      })
      return undefined
    } catch (error) {
      known.delete(key)
      if (error instanceof SitrepError) throw error
      return `${name}: ${whyUnkept(error)}`
    }
  }

  return {
    output: () => {
      sweep()
      return keepOutput(o)
    },
    found: async (all) => {
      sweep()
      const why: string[] = []
      for (const found of all) {
        const reason = await keepFound(found)
        if (reason !== undefined) why.push(reason)
      }
      return why.length === 0 ? undefined : why.join('; ')
    },
  }
}

// What the pipe has hidden already tells more than another mark would: which secret it is.
const mark = /(‹(?:secret|redacted):[^›\n]*›)/

/**
 * A host's text as it may be kept: inert and redacted as everything is, and values of telling names hidden in any syntax,
 * as a diff hides them. Binary content says nothing to a reader, and what is secret in it can't be seen: it is left out.
 */
function shownOf(text: string | Uint8Array, pipe: Pipe): { text: string; cut: boolean } {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  if (bytes.includes(0)) return { text: `‹cut: ${bytes.length} bytes, binary›\n`, cut: true }
  const parts = pipe.bytes(bytes).split(mark)
  return { text: parts.map((part, at) => (at % 2 === 1 ? part : maskLines(part))).join(''), cut: false }
}

function shaOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
