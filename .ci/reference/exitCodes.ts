import { type ErrorKind, exitCodeOf, worstExit } from '../../src/model/errors.ts'
import { code, head, page, table } from './markdown.ts'

const meanings: Record<ErrorKind, string> = {
  failed: 'A step, a check or a verification failed.',
  usage: 'Wrong usage, or an invalid file. No host was contacted.',
  unreachable: 'A host could not be reached, or its identity or our authentication was refused.',
  not_approved: 'Not approved, or stopped by the operator.',
  unknown_outcome: 'An outcome is unknown. Nothing that is unknown is repeated by itself.',
  recording: "The record can't be written. No further change was made.",
  interrupted: 'Interrupted by a signal.',
}

/** docs/reference/exit-codes.md. */
export function exitCodesPage(): string {
  const kinds = Object.keys(meanings) as ErrorKind[]
  const rows = [
    ['0', 'Done.'],
    ...kinds.map((kind) => [String(exitCodeOf[kind]), meanings[kind]]),
    ['7', '`sitrep plan --exit-code`: something would change.'],
  ]
  const order = worstFirst(kinds.filter((kind) => kind !== 'usage').map((kind) => exitCodeOf[kind]))
  return page(
    head('Exit codes', 'src/model/errors.ts', 'What the exit code of a command says.'),
    table(
      ['code', 'meaning'],
      rows
        .toSorted((a, b) => Number(a[0]) - Number(b[0]))
        .map(([number = '', text = '']) => [code(number), text]),
    ),
    `Where several hold, the first of ${order.join(', ')} wins.`,
    [
      "- `sitrep plan --exit-code`: 0 when all is in sync, 7 when something would change, 5 where it can't be told. Without the flag a",
      '  plan that was made exits 0, whatever it says.',
      '- `sitrep run`: a check that fails before the first step does not touch the code, for that is why one runs it. One that fails after the',
      '  last step gives 1.',
      '- `sitrep lint`: 2 where there is a mistake; warnings alone give 0.',
      '- `sitrep verify`: 1 where the record is not whole.',
    ].join('\n'),
  )
}

function worstFirst(codes: readonly number[]): number[] {
  if (codes.length === 0) return []
  const worst = worstExit(codes)
  return [worst, ...worstFirst(codes.filter((other) => other !== worst))]
}
