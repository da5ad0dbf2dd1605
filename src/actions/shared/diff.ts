import { createTwoFilesPatch } from 'diff'
import { maskKeys, maskLines } from './mask.ts'

/** Files up to this many bytes are read for a diff. */
export const diffLimit = 256 * 1024

/** What a plan shows of a difference: unified text without secret values, or the reason why there is none. */
export interface ShownDiff {
  unified: string
  hidden?: string
}

/** One side of a difference; `bytes` is absent where the file is too large to be read for it. */
export interface Side {
  label: string
  absent?: boolean
  bytes?: Uint8Array
}

/** The unified diff of two contents for people: bounded, nothing for binary content, values that look secret hidden. */
export function showDiff(from: Side, to: Side, learned?: (name: string, value: string) => void): ShownDiff {
  const before = from.absent === true ? { text: '' } : textOf(from.bytes)
  const after = to.absent === true ? { text: '' } : textOf(to.bytes)
  if (before === 'large' || after === 'large')
    return { unified: '', hidden: `larger than ${diffLimit / 1024} KiB` }
  if (before === 'binary' || after === 'binary') return { unified: '', hidden: 'binary' }
  // Both sides are masked as a whole only to learn their values; what is shown is masked after the comparison, so that
  // a change inside a hidden value is still seen as a changed line.
  if (learned !== undefined) for (const text of [before.text, after.text]) maskLines(text, learned)
  const patch = createTwoFilesPatch(
    from.absent === true ? '/dev/null' : from.label,
    to.absent === true ? '/dev/null' : to.label,
    maskKeys(before.text),
    maskKeys(after.text),
    '',
    '',
    { context: 3, timeout: 2000 },
  )
  if (patch === undefined) return { unified: '', hidden: 'too different to compare in time' }
  const lines = patch.split('\n').filter((line) => !/^={20,}$/.test(line))
  return { unified: maskLines(lines.map((line) => line.replace(/^((?:---|\+\+\+) .*)\t$/, '$1')).join('\n')) }
}

function textOf(bytes: Uint8Array | undefined): { text: string } | 'large' | 'binary' {
  if (bytes === undefined) return 'large'
  if (bytes.includes(0)) return 'binary'
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return 'binary'
  }
}
