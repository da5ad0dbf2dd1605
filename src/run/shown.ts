import type { RunContext } from './context.ts'

const longestLine = 300
const longestEvidence = 4096
/** So far beyond what is recorded that what this cuts in two is not shown. */
const longestRead = 65_536

/**
 * What an action or a check said of a host, as it is recorded: first through the one pipe, and cut only then. The other
 * way round a secret that the cut goes through would be left standing in part, and no redactor finds a part.
 */
export function shownSaid<
  K extends 'reason' | 'observed',
  T extends { [key in K]: string } & { evidence?: string | string[] },
>({ text }: Pick<RunContext, 'text'>, said: T, line: K): T {
  const clean = (value: string, longest: number) =>
    cut(text(Buffer.from(value.slice(0, longestRead))), longest)
  const { evidence } = said
  return {
    ...said,
    [line]: clean(said[line], longestLine),
    ...(evidence === undefined
      ? {}
      : {
          evidence: Array.isArray(evidence)
            ? evidence.map((one) => clean(one, longestEvidence))
            : clean(evidence, longestEvidence).trimEnd(),
        }),
  }
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…` : text
}
