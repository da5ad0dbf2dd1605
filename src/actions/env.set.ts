import { createTwoFilesPatch } from 'diff'
import * as z from 'zod'
import type { Action, Around, Drawn, EnvEdit, Plan, PlannedChange } from '../model/action.ts'
import type { Reader } from '../model/command.ts'
import { editDotenv } from '../model/dotenv.ts'
import { maskDotenv } from '../model/dotenvMask.ts'
import { zPath, zSecretable } from '../model/schema.ts'
import type { SecretRef } from '../model/secret.ts'
import { isSecretSetting } from '../model/secretShape.ts'
import { learn, readEnvFile, shaOf, zEnvKey } from './env/file.ts'

const params = z.strictObject({
  file: zPath.describe('The .env file on the host'),
  set: z
    .record(zEnvKey, z.union([z.null(), zSecretable]))
    .refine((set) => Object.keys(set).length > 0, 'expected at least one key')
    .describe('Values by key; null removes the key'),
  create: z.boolean().default(false).describe('Make the file where there is none'),
})

type Params = z.infer<typeof params>

/** How one key of the file compares with what it shall be. */
type Compared = 'same' | 'differs' | 'absent'

/** Texts are masked, and no value of a secret key is part of it. */
interface Facts {
  exists: boolean
  sha256?: string
  keys: Record<string, Compared>
  /** Former values of the keys that may be shown. */
  values: Record<string, string>
  /** Keys of `set` whose values are not shown: by name, by the shape of the former or the new value, or by the step's lists. */
  secret: string[]
  /** Secrets whose values are not at hand, so that nothing can be compared. */
  unresolved: string[]
  notes: string[]
  /** The file after the edits, and both sides with secrets masked. */
  after?: { sha256: string; before: string; after: string }
}

function resolved(
  set: Params['set'],
  around: Around,
): { edits: { key: string; value: string | null }[]; unresolved: string[] } {
  const unresolved: string[] = []
  const edits = Object.entries(set).flatMap(([key, value]) => {
    if (value === null || typeof value === 'string') return [{ key, value }]
    const ref: SecretRef = value
    if (around.secrets.has(ref.secret)) return [{ key, value: around.secrets.value(ref) }]
    unresolved.push(ref.secret)
    return []
  })
  return { edits, unresolved }
}

async function inspect(host: Reader, { file, set }: Params, around: Around): Promise<Facts> {
  const found = await readEnvFile(host, file, around)
  const { edits, unresolved } = resolved(set, around)
  const before = found?.text ?? ''
  const values = found?.values ?? new Map<string, string>()
  // A key is secret by its former value too: the new one may not look it.
  const secret = new Set(
    Object.entries(set).flatMap(([key, value]) => {
      const sides = [values.get(key), value].filter((side) => typeof side === 'string')
      const ref = value !== null && typeof value === 'object'
      return ref || sides.some((side) => isSecretSetting(key, side, around.lists)) ? [key] : []
    }),
  )
  const isSecret = (key: string, value: string) =>
    secret.has(key) || isSecretSetting(key, value, around.lists)
  for (const { key, value } of edits)
    if (value !== null && isSecret(key, value)) learn(around, file, `${key} (wanted)`, value)
  const keys = Object.fromEntries(
    edits.map(({ key, value }): [string, Compared] => {
      const now = values.get(key)
      if (now === undefined) return [key, value === null ? 'same' : 'absent']
      return [key, now === value ? 'same' : 'differs']
    }),
  )
  const shown = edits.flatMap(({ key }) => {
    const now = values.get(key)
    return now === undefined || secret.has(key) ? [] : [[key, now] as const]
  })
  const facts: Facts = {
    exists: found !== undefined,
    ...(found === undefined ? {} : { sha256: found.sha256 }),
    keys,
    values: Object.fromEntries(shown),
    secret: [...secret],
    unresolved,
    notes: [],
  }
  if (unresolved.length > 0 || Object.values(keys).every((key) => key === 'same')) return facts
  const edited = editDotenv(before, edits)
  const changed = new Set(edits.flatMap(({ key }) => (keys[key] === 'differs' ? [key] : [])))
  return {
    ...facts,
    notes: edited.notes,
    after: {
      sha256: shaOf(edited.text),
      before: maskDotenv(before, isSecret),
      after: maskDotenv(edited.text, isSecret, changed),
    },
  }
}

/** One line for each key that would change: `SESSION_COOKIE_SECURE 0 → 1`, `API_TOKEN (secret)`. */
function changesText({ set }: Params, facts: Facts): string {
  const lines = Object.entries(set).flatMap(([key, value]) => {
    const state = facts.keys[key]
    if (state === 'same') return []
    if (value === null) return [`removes ${key}`]
    if (typeof value !== 'string' || facts.secret.includes(key)) {
      return [`${state === 'absent' ? 'adds' : 'changes'} ${key} (secret)`]
    }
    if (state === 'absent') return [`adds ${key}=${value}`]
    return [`${key} ${facts.values[key] || '(empty)'} → ${value || '(empty)'}`]
  })
  return lines.join('; ')
}

function change(p: Params, facts: Facts, after: NonNullable<Facts['after']>, drawn: Drawn): PlannedChange {
  const edits: EnvEdit[] = Object.entries(p.set).flatMap(([key, value]) =>
    facts.keys[key] === 'same' ? [] : [{ key, value }],
  )
  const keys = edits.map(({ key }) => key).join(', ')
  const unified = createTwoFilesPatch(p.file, p.file, after.before, after.after, undefined, undefined, {
    context: 3,
  })
    .split('\n')
    .filter((line) => !/^(?:Index: |={5,}$)/.test(line))
    .join('\n')
  const from = facts.sha256 ?? 'absent'
  const diff = { path: p.file, from, to: after.sha256, unified }
  const put = { path: p.file, content: { edits }, expect: from, result: after.sha256 }
  if (facts.sha256 === undefined) {
    return {
      do: { say: `create ${p.file} with ${keys}`, diff, put: { ...put, mode: '0600' } },
      undo: [{ say: `remove ${p.file}`, remove: { path: p.file, expect: after.sha256 } }],
    }
  }
  const backup = `${p.file}.sitrep-${drawn.stamp}`
  const back = {
    path: p.file,
    content: { copy: backup, sha256: facts.sha256 },
    expect: after.sha256,
    result: facts.sha256,
  }
  return {
    do: { say: `edit ${p.file}: ${keys}`, diff, put: { ...put, backup, privateBackup: true } },
    undo: [{ say: `put ${backup} back (sha256 ${facts.sha256.slice(0, 12)}…)`, put: back }],
  }
}

function plan(p: Params, facts: Facts, drawn: Drawn): Plan {
  if (!facts.exists && !p.create) {
    return {
      outcome: 'cannot_tell',
      because: `${p.file} does not exist, or this user can't see it; say \`create: true\` to make it`,
      changes: [],
    }
  }
  if (facts.unresolved.length > 0) {
    return {
      outcome: 'cannot_tell',
      because: `the value of ${facts.unresolved.join(', ')} is not at hand`,
      changes: [],
    }
  }
  if (facts.after === undefined) {
    const state = Object.entries(p.set).map(([key, value]) => (value === null ? `no ${key}` : key))
    return { outcome: 'in_sync', because: `${p.file} already has ${state.join(', ')} as wanted`, changes: [] }
  }
  const evidence = facts.notes.length === 0 ? {} : { evidence: facts.notes }
  return {
    outcome: 'would_change',
    because: changesText(p, facts),
    changes: [change(p, facts, facts.after, drawn)],
    ...evidence,
  }
}

/** Sets keys of a `.env` file and keeps everything else of it. What reads the file is started again by another step. */
export const action: Action<Params, Facts> = {
  name: 'env.set',
  summary: 'Sets or removes keys of a .env file; comments, order and quoting are kept, secrets never shown.',
  risk: 'change',
  params,
  example: 'file: /opt/core/backend/.env\nset: { SESSION_COOKIE_SECURE: "1", OLD_KEY: null }\n',
  locks: ({ file }) => [`file:${file}`],
  inspect,
  plan,
  async verify(host, p, { around }) {
    const facts = await inspect(host, p, around)
    const wrong = Object.entries(facts.keys).flatMap(([key, state]) => (state === 'same' ? [] : [key]))
    if (wrong.length > 0) return { verdict: 'failed', reason: `${p.file}: ${wrong.join(', ')} not as wanted` }
    return { verdict: 'ok', reason: `${p.file} has ${Object.keys(p.set).join(', ')} as wanted` }
  },
}
