import { isSecretKey, looksSecret } from '../../model/secretShape.ts'

/** What a hidden value is shown as. */
export const hiddenMark = '‹hidden›'

// A name, then `=`, `:` or blanks, then a value: `DB_PASSWORD=x`, `"token": "x"`, Caddy's `auth_token x`.
// Looked ahead, for in `export A_TOKEN=x` what follows the first name holds the second.
const assignment =
  /(?<![\w.])([A-Za-z_][\w.-]*)(?=(["']?[ \t]*[:=][ \t]*|["']?[ \t]+)("[^"\n]*"|'[^'\n]*'|[^\s,;}#'"]+))/g
// A URL's password: scheme://user:password@host
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)([^\s@/]+)(@)/gi
// A bcrypt, crypt or argon2 hash, as in Caddy's basicauth and in htpasswd files.
const passwordHash = /\$(?:2[aby]?|5|6|7|y|argon2\w*|apr1|1)\$[^\s:"']{8,}/g
// Words that could be a token of a well-known shape; `/`, `:` and `.` may stand in them.
const word = /[\w+/=.:@-]{16,}/g
const privateKey = /(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g
// What stands for a value instead of being one: ${X}, $X, {$X}, {env.X}, <x>, a function call's name, a boolean.
const placeholder = /^(?:\$\{?\w|\{|<|(?:true|false|null|none|yes|no|on|off)$)/i

type Learned = (name: string, value: string) => void

/** Hides the bodies of private keys in a whole text; done before a diff, for a hunk may show a key without its first line. */
export function maskKeys(text: string): string {
  return text.replace(privateKey, `$1\n${hiddenMark}\n$2`)
}

/**
 * Hides what looks secret in each line of a text or of a diff: values of telling names, passwords in URLs, password
 * hashes, tokens of known shapes. Each hidden value of six characters or more is told to `learned`.
 */
export function maskLines(text: string, learned?: Learned): string {
  const tell = (name: string, value: string) => {
    if (value.length >= 6) learned?.(name, value)
    return hiddenMark
  }
  const shown = text
    .replace(passwordHash, (hash) => tell('password hash', hash))
    .replace(urlPassword, (_, before: string, value: string, at: string) =>
      placeholder.test(value) ? before + value + at : before + tell('url password', value) + at,
    )
  return maskAssignments(shown, tell).replace(word, (value) =>
    looksSecret(value) ? tell('token', value) : value,
  )
}

function maskAssignments(text: string, tell: (name: string, value: string) => string): string {
  let shown = ''
  let from = 0
  for (const { 1: name, 2: between, 3: value, index } of text.matchAll(assignment)) {
    const start = index + name!.length + between!.length
    const bare = value!.replace(/^(["'])(.*)\1$/, '$2')
    if (start < from || !isSecretKey(name!) || bare === '') continue
    if (bare.includes(hiddenMark) || placeholder.test(bare)) continue
    shown += text.slice(from, start) + tell(name!, bare)
    from = start + value!.length
  }
  return shown + text.slice(from)
}
