import type { Finding, Runbook, Step } from '../model/runbook.ts'
import type { Kinds } from './kinds.ts'
import { findTemplates } from './template.ts'

type Path = PropertyKey[]

interface Leaf {
  path: Path
  key: string
  text: string
  shell: boolean
}

/** Warnings about a valid runbook: what works, and will hurt one day. */
export function lintRunbook(runbook: Runbook, { actions, checks }: Kinds): Finding[] {
  const warnings: Finding[] = []
  const warn = (spec: Pick<Step, 'locate'>, path: Path, message: string) =>
    warnings.push({ at: spec.locate(path), message, level: 'warning' })
  for (const step of runbook.steps) {
    const action = actions.find(({ name }) => name === step.uses)
    for (const leaf of leaves(step.with, action?.shellText ?? [])) {
      for (const message of warningsOf(leaf)) warn(step, leaf.path, message)
    }
    if (step.uses === 'shell' && unverified(step)) {
      warn(step, [], 'nothing tells whether this step worked or is needed; give it expect, creates or unless')
    }
  }
  for (const check of runbook.checks) {
    const kind = checks.find(({ kind }) => kind === check.kind)
    for (const leaf of leaves(check.with, kind?.shellText ?? [])) {
      for (const message of warningsOf(leaf)) warn(check, leaf.path, message)
    }
  }
  return warnings
}

function* leaves(value: unknown, shellText: readonly string[], path: Path = []): Generator<Leaf> {
  if (typeof value === 'string') {
    const names = path.filter((part) => typeof part === 'string')
    const words = path.some((part) => typeof part === 'number')
    yield {
      path,
      key: String(names.at(-1) ?? ''),
      text: value,
      shell: !words && shellText.includes(String(path[0])),
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value))
      yield* leaves(inner, shellText, [...path, Array.isArray(value) ? Number(key) : key])
  }
}

function unverified({ with: block }: Step): boolean {
  return block.changes !== false && ['expect', 'creates', 'unless'].every((key) => block[key] === undefined)
}

const tellingKey = /(^|[_-])(pass(word|wd|phrase)?|secret|token|api_?key|private_?key|credentials?)$/i
const tellingShapes: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key'],
  [/\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/, 'a token (JWT)'],
  [/\b(AKIA|ASIA)[0-9A-Z]{16}\b/, 'a cloud access key'],
  [/\b(ghp|gho|ghs|github_pat|glpat|xox[abprs])[_-]\w{16,}/, 'an access token'],
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@{}]+:[^\s/@{}]{4,}@/i, 'a connection string with a password'],
  [/\b(authorization:\s*)?(bearer|basic)\s+[\w.~+/-]{12,}/i, 'an authorization header'],
]

const destroying: [RegExp, string][] = [
  [/\brm\s+(-\w+\s+)*-(?=\w*[rR])(?=\w*f)\w+/, 'rm -rf'],
  [/\brm\s+(?=.*(-r|-R|--recursive)\b)(?=.*(-f|--force)\b)/, 'rm -rf'],
  [/\bdown\b[^;&|\n]*\s(-\w*v\w*|--volumes)\b/, 'down -v'],
  [/\bdrop\s+(table|database|schema|user|role)\b/i, 'DROP'],
  [/\btruncate\s+table\b/i, 'TRUNCATE'],
  [/\bdelete\s+from\s+\w+\s*(;|"|'|$)/i, 'DELETE without WHERE'],
  [/\bmkfs(\.\w+)?\b|\bdd\s+[^|;&]*\bof=\/dev\//, 'writing over a device'],
  [/\b(volume|system)\s+prune\b/, 'prune'],
  [/\bgit\s+clean\s+-\w*f|\bgit\s+reset\s+--hard\b/, 'throwing away changes in git'],
]

function warningsOf({ key, text, shell }: Leaf): string[] {
  const found: string[] = []
  const templated = findTemplates(text).length > 0
  const shape = tellingShapes.find(([pattern]) => pattern.test(text))
  if (shape) found.push(`this looks like ${shape[1]} in clear; use a secret parameter`)
  else if (tellingKey.test(key) && !templated && text.length > 3)
    found.push(`"${key}" looks like a secret in clear; use a secret parameter`)
  if (!shell) return found
  if (curlWithoutTimeout(text)) found.push('curl without a timeout can wait for ever; give it --max-time')
  for (const [pattern, name] of destroying) {
    const said = `${name} destroys data; make sure that the approval says so (confirm: typed)`
    if (pattern.test(text) && !found.includes(said)) found.push(said)
  }
  return found
}

function curlWithoutTimeout(text: string): boolean {
  return text
    .replace(/\\\n/g, ' ')
    .split(/[;&|\n]+/)
    .some(
      (command) =>
        /(^|\s)curl\s/.test(command) && !/\s(-m\s*\d|--max-time|--connect-timeout|-\w*m\s)/.test(command),
    )
}
