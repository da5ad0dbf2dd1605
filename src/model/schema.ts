import * as z from 'zod'
import type { SecretRef, Text } from './secret.ts'
import { shellContexts, shellVariable } from './shellText.ts'

/** Shell text with its values filled in; each secret stands in it as the environment variable that names it in `secrets`. */
export interface Shell {
  shell: string
  secrets: Record<string, SecretRef>
}

/** A command as argv words, ready to be spread into a `Command`. */
export interface CommandWords {
  argv: string[]
  secrets: Record<string, SecretRef>
}

/** What an editor is told about a schema that JSON schema can't say by itself (`editor` in the schema's meta). */
type Editor = { description?: string; [key: string]: unknown }

function told<T extends z.ZodType>(schema: T, editor: Editor): T {
  return schema.meta({ editor })
}

const NUL = '\u0000'
const text: Editor = { type: ['string', 'number', 'boolean'] }

function isSecretRef(value: unknown): value is SecretRef {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).join() === 'secret' &&
    typeof (value as SecretRef).secret === 'string'
  )
}

function isPlain(value: unknown): value is string | number | boolean {
  return (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value))
  )
}

function isText(
  value: unknown,
): value is string | number | boolean | SecretRef | readonly (string | SecretRef)[] {
  if (Array.isArray(value))
    return value.some(isSecretRef) && value.every((part) => typeof part === 'string' || isSecretRef(part))
  return isPlain(value) || isSecretRef(value)
}

/** True where a value is, or is built of, a reference to a secret: what a template with a secret parameter becomes. */
export function isSecretValue(value: unknown): value is SecretRef | readonly (string | SecretRef)[] {
  return !isPlain(value) && isText(value)
}

/** Text that may hold secrets (a body, a header, a file's content); numbers and booleans become text. Gives `Text`. */
export const zText = told(
  z
    .custom<string | number | boolean | SecretRef | readonly (string | SecretRef)[]>(isText, 'expected text')
    .transform((value): Text => (isPlain(value) ? String(value) : isSecretRef(value) ? [value] : value)),
  text,
)

/** A string, or one whole secret (the value of an environment variable). Numbers and booleans become text. */
export const zSecretable = told(
  z
    .custom<string | number | boolean | SecretRef>(
      (value) => isPlain(value) || isSecretRef(value),
      'expected text, or one secret parameter alone',
    )
    .transform((value): string | SecretRef => (isSecretRef(value) ? value : String(value))),
  text,
)

const unitSeconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, '': 1 }

function seconds(value: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|)$/.exec(String(value).trim())
  if (!match || !isPlain(value) || typeof value === 'boolean') return undefined
  return Number(match[1]) * unitSeconds[match[2]!]!
}

/** A duration in seconds, from a number (seconds) or `500ms`, `90s`, `5m`, `1h`. */
export const zDuration = told(
  z
    .custom<string | number>(
      (value) => seconds(value) !== undefined,
      'expected a duration: seconds, or 500ms, 90s, 5m, 1h',
    )
    .transform((value) => seconds(value)!),
  {
    anyOf: [
      { type: 'number', minimum: 0 },
      { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*(ms|s|m|h|)$' },
    ],
  },
)

/** A file mode as octal digits in quotes, normalised to four (`0644`). */
export const zMode = z
  .string({ error: 'expected an octal mode in quotes, such as "0644"' })
  .regex(/^[0-7]{3,4}$/, 'expected an octal mode in quotes, such as "0644"')
  .transform((mode) => mode.padStart(4, '0'))

/** A TCP port, 1 to 65535; a text of digits is read as its number. */
export const zPort = told(
  z
    .custom<number | string>((value) => {
      const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value
      return Number.isInteger(port) && (port as number) > 0 && (port as number) < 65536
    }, 'expected a port from 1 to 65535')
    .transform(Number),
  { type: 'integer', minimum: 1, maximum: 65535 },
)

/** An absolute path on a host: no NUL, no line break. */
export const zPath = z
  .string({ error: 'expected an absolute path' })
  .regex(/^\/[^\u0000\r\n]*$/, 'expected an absolute path, without line breaks')

function isShell(value: unknown): value is Shell {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Shell).shell === 'string' &&
    isRecord((value as Shell).secrets)
  )
}

function isRecord(value: unknown): value is Record<string, SecretRef> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isSecretRef)
  )
}

function isShellText(value: unknown): value is string | Shell {
  const shell = typeof value === 'string' ? value : isShell(value) ? value.shell : undefined
  return shell !== undefined && shell.trim() !== '' && !shell.includes(NUL)
}

const toShell = (value: string | Shell): Shell =>
  typeof value === 'string' ? { shell: value, secrets: {} } : value

/** Shell text (a key in the action's `shellText`): a plain string, or what substitution made of one. Gives `Shell`. */
export const zShell = told(z.custom<string | Shell>(isShellText, 'expected shell text').transform(toShell), {
  type: 'string',
  minLength: 1,
})

function isWords(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((word) => isPlain(word) && !String(word).includes(NUL))
  )
}

/** A command: shell text (run by `sh -c`), or a list of argv words. `{candidate}` stays one word in either. Gives `CommandWords`. */
export const zCommand = told(
  z
    .custom<string | Shell | string[]>(
      (value) => isShellText(value) || isWords(value),
      'expected shell text or a list of words',
    )
    .transform((value): CommandWords => {
      if (Array.isArray(value)) return { argv: value.map(String), secrets: {} }
      return shellWords(toShell(value))
    }),
  {
    anyOf: [
      { type: 'string', minLength: 1 },
      { type: 'array', minItems: 1, items: { type: ['string', 'number'] } },
    ],
  },
)

const candidate = '{candidate}'

/** Shell text as argv of `sh -c`; a `{candidate}` in it becomes `$1`, so that its path is one word whatever it holds. */
export function shellWords({ shell, secrets }: Shell): CommandWords {
  const parts = shell.split(candidate)
  if (parts.length === 1) return { argv: ['sh', '-c', shell], secrets }
  const offsets = parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join(candidate).length)
  const contexts = shellContexts(shell, offsets)
  const filled = parts.slice(1).map((part, i) => (shellVariable('1', contexts[i]!) ?? '"$1"') + part)
  return { argv: ['sh', '-c', parts[0] + filled.join(''), 'sh', candidate], secrets }
}
