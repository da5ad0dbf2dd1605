import { isMarkName } from './markNames.ts'

// Whether a name tells that its value is a secret. The last word decides: JWT_PRIVATE_KEY is one, JWT_PRIVATE_KEY_FILE
// and SESSION_COOKIE_SECURE are not, and a postmortem needs to show those.

const lastWords = new Set([
  'pass',
  'pwd',
  'passwd',
  'passwort',
  'passphrase',
  'secrets',
  'cred',
  'creds',
  'credential',
  'credentials',
  'salt',
])
/** Endings also of words written together: dbpassword, csrftoken, x-apikey. */
const endings = ['password', 'passwd', 'secret', 'token', 'apikey', 'privatekey', 'secretkey', 'accesskey']
const keyOf = new Set(
  'api private secret access encryption signing master auth account shared service session crypt crypto cipher jwt hmac client webhook storage primary'.split(
    ' ',
  ),
)
const headers = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
])

/** Names that were asked for: logs have the same few again and again. */
const asked = new Map<string, boolean>()
const mostAsked = 1000

/** True for names such as DB_PASSWORD, apiKey, client-secret, GITHUB_TOKEN_2, SECRET_KEY_BASE. */
export function isTelling(name: string): boolean {
  const before = asked.get(name)
  if (before !== undefined) return before
  const tells = lastWordTells(name)
  if (asked.size >= mostAsked) asked.clear()
  asked.set(name, tells)
  return tells
}

function lastWordTells(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[_.-]+/)
    .filter((word) => word !== '' && !/^\d+$/.test(word))
  const last = words.at(-1)?.replace(/\d+$/, '') ?? ''
  const before = words.at(-2) ?? ''
  if (lastWords.has(last) || endings.some((ending) => last.endsWith(ending))) return true
  if (last === 'key') return keyOf.has(before)
  if (last === 'hash') return before === 'password'
  return last === 'base' && before === 'key' && words.at(-3) === 'secret'
}

/** True for the names of HTTP headers whose values are secret. */
export function isSecretHeader(name: string): boolean {
  return headers.has(name.toLowerCase())
}

const empty =
  /^(?:true|false|null|none|nil|undefined|yes|no|on|off|[01]|\*+|x+|\.+|redacted|required|missing|invalid|expired|unset|empty|optional|string|number|is|must|was|not|and|or|to|for|flag|option)$/i
const reference = /^(?:<|\$|\{\{|%|\[|\{|process\.env|os\.environ|env\.|[\w.]+\()/

/** True for what stands where a secret would and is none: nothing, a placeholder, a reference, a mark, a yes or no. */
export function isNoSecret(value: string): boolean {
  return value === '' || empty.test(value) || reference.test(value) || isMark(value)
}

const secretMark = /^‹secret:[^‹›\s]{1,120}›?$/
const redactedMark = /^‹redacted:([a-z0-9-]{1,30})›$/

/** True for a whole mark of ours, and for the first word of one with a blank in it (`‹secret:NAME changed›`). */
export function isMark(value: string): boolean {
  const name = redactedMark.exec(value)?.[1]
  return name === undefined ? secretMark.test(value) : isMarkName(name)
}
