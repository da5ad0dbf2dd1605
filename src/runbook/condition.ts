/** What a step's `if` asks: the verdict of an earlier step, or of a check. */
export interface Condition {
  of: 'steps' | 'checks'
  id: string
  verdict: 'ok' | 'failed' | 'unknown'
}

/** Reads `steps.ID ok` or `checks.ID failed`; undefined where it is neither. */
export function parseCondition(text: string): Condition | undefined {
  const match = /^\s*(steps|checks)\.([A-Za-z0-9][\w-]*)\s+(ok|failed|unknown)\s*$/.exec(text)
  return match ? ({ of: match[1], id: match[2], verdict: match[3] } as Condition) : undefined
}
