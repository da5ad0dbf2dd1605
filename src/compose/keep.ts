import { storeArtifact } from '../journal/artifacts.ts'
import type { Pipe } from '../logs/pipe.ts'
import type { RunResult } from '../model/command.ts'
import type { Kept } from '../run/context.ts'

/** Keeps an output of more than 20 lines or 2,000 characters beside the journal. */
export async function keepOutput(dir: string, pipe: Pipe, result: RunResult): Promise<Kept> {
  const text = outputText(result, pipe)
  if (text.length <= 2000 && text.split('\n').length <= 20) return {}
  const { sha256, bytes } = await storeArtifact(dir, text)
  return { artifact: { sha256, bytes } }
}

function outputText({ stdout, stderr }: RunResult, pipe: Pipe): string {
  const both = [stdout, stderr].map(({ bytes, total, cut }) => {
    const text = pipe.bytes(bytes)
    return cut ? `${text}\n(cut: ${total} bytes in all)` : text
  })
  return both.filter((text) => text !== '').join('\n--- stderr ---\n')
}
