import type { Change, Plan } from '../model/action.ts'
import { cleanText, cutText, onOneLine, type ToText } from '../model/said.ts'
import type { RunContext } from './context.ts'

const longestLine = 300
const longestReason = 2000
const longestEvidence = 4096

/** A reason in the words of a host: through the pipe, then on one line, and cut only then. */
export function shownLine(value: string, text: ToText, longest = longestLine): string {
  return cutText(onOneLine(cleanText(value, text)), longest)
}

/**
 * What an action or a check said of a host, as it is recorded: first through the one pipe, and cut only then. The other
 * way round a secret that the cut goes through would be left standing in part, and no redactor finds a part.
 */
export function shownSaid<
  K extends 'reason' | 'observed',
  T extends { [key in K]: string } & { expected?: string; evidence?: string | string[] },
>({ text }: Pick<RunContext, 'text'>, said: T, line: K): T {
  const clean = (value: string) => cutText(cleanText(value, text), longestEvidence)
  const { evidence, expected } = said
  return {
    ...said,
    [line]: shownLine(said[line], text),
    ...(expected === undefined ? {} : { expected: shownLine(expected, text) }),
    ...(evidence === undefined
      ? {}
      : { evidence: Array.isArray(evidence) ? evidence.map(clean) : clean(evidence).trimEnd() }),
  }
}

/** A plan as it is shown and recorded: what is said of each change is one short line, from behind the pipe. */
export function shownPlan({ text }: Pick<RunContext, 'text'>, plan: Plan): Plan {
  const change = <T extends Change>(one: T): T => ({ ...one, say: firstLine(cleanText(one.say, text)) })
  return {
    ...plan,
    because: shownLine(plan.because, text, longestReason),
    changes: plan.changes.map(({ do: one, undo }) => ({
      do: change(one),
      undo: Array.isArray(undo) ? undo.map(change) : undo,
    })),
  }
}

/** The first line, with `…` where there is more. */
function firstLine(text: string): string {
  const [first = '', ...more] = text.trim().split('\n')
  const line = cutText(first, longestLine - 2)
  return more.length > 0 && line === first ? `${line} …` : line
}
