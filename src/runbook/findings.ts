import type { Finding, Position } from '../model/runbook.ts'

/** Collects findings, and hands them out once each, in the order of the file. */
export interface Findings {
  error(at: Position, message: string): void
  warning(at: Position, message: string): void
  sorted(): Finding[]
  failed(): boolean
}

/** A fresh collection that begins with what reading the file found. */
export function collectFindings(first: readonly Finding[] = []): Findings {
  const all = [...first]
  return {
    error: (at, message) => all.push({ at, message, level: 'error' }),
    warning: (at, message) => all.push({ at, message, level: 'warning' }),
    sorted: () => sortFindings(all),
    failed: () => all.some(({ level }) => level === 'error'),
  }
}

/** Findings file by file, by line and column, without repeats. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>()
  const files = [...new Set(findings.map(({ at }) => at.file))]
  const file = ({ at }: Finding) => files.indexOf(at.file)
  return findings
    .toSorted((a, b) => file(a) - file(b) || a.at.line - b.at.line || a.at.column - b.at.column)
    .filter(({ at, message }) => {
      const key = `${at.file}:${at.line}:${at.column}:${message}`
      return seen.has(key) ? false : seen.add(key)
    })
}

/** `file:line:column: message`, as compilers print it. */
export function formatFinding({ at, message, level }: Finding): string {
  return `${at.file}:${at.line}:${at.column}: ${level === 'warning' ? 'warning: ' : ''}${message}`
}
