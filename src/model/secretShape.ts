/** Words in a key's name that make its value a secret. */
const secretWords =
  /(^|[_.-])(pass|passwd|password|pwd|passphrase|secret|secrets|token|tokens|apikey|api_key|private_key|privatekey|access_key|secret_key|signing_key|encryption_key|session_key|master_key|auth_key|license_key|credential|credentials|salt|pepper|dsn|connection_string|conn_str|webhook)([_.-]|\d|$)/i

/** A name that ends like this speaks about a secret and does not hold it: JWT_PRIVATE_KEY_FILE, TOKEN_TTL. */
const aboutSecret =
  /[_.-](file|path|dir|ttl|age|expiry|expires|expires_in|expiration|length|len|min|max|enabled|required|name|id|kid|alg|algorithm|type|timeout|header|issuer|audience|count|limit|secure|httponly|samesite|rounds|host|port|endpoint)$/i

/** camelCase and SCREAMING_CASE read alike: `jwtSecret` → `jwt_Secret`. */
function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2')
}

/** True where a key's name says that its value is a secret (`DB_PASSWORD`, `jwtSecret`, `JWT_PRIVATE_KEY`; not `JWT_PRIVATE_KEY_FILE`). */
export function isSecretKey(name: string): boolean {
  const words = snake(name)
  return secretWords.test(words) && !aboutSecret.test(words)
}

const shapes = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/,
  /\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*/,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i,
  /\b(ghp|gho|ghu|ghs|ghr)_\w{20,}/,
  /\bgithub_pat_\w{20,}/,
  /\bglpat-[\w-]{16,}/,
  /\b(sk|rk|pk)_(live|test)_\w{10,}/,
  /\bsk-[\w-]{20,}/,
  /\bxox[abeoprs]-[\w-]{10,}/,
  /\b(AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bAIza[\w-]{30,}/,
  /\bnpm_\w{30,}/,
  /\bSG\.[\w-]{16,}\.[\w-]{16,}/,
  /\bhf_\w{30,}/,
]

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Shannon entropy in bits for each character. */
function entropy(text: string): number {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

/**
 * True where a value looks like a secret whatever its key is called: a private key, a token with a well-known prefix,
 * a URL with a password, 32 or more hex digits, or a long random word. A UUID names things and is not a secret.
 */
export function looksSecret(value: string): boolean {
  if (shapes.some((shape) => shape.test(value))) return true
  if (uuid.test(value)) return false
  if (/^[0-9a-f]{32,}$/i.test(value)) return /\d/.test(value) && /[a-f]/i.test(value)
  return (
    /^[\w+/=-]{24,}$/.test(value) &&
    /[a-z]/.test(value) &&
    /[A-Z]/.test(value) &&
    /\d/.test(value) &&
    !value.startsWith('/') &&
    entropy(value) > 3.9
  )
}

/** True where a setting's value must not be shown, by its key, its shape, or the step's own lists. */
export function isSecretSetting(
  key: string,
  value: string,
  lists: { public?: readonly string[]; secret?: readonly string[] } = {},
): boolean {
  if (lists.secret?.includes(key)) return true
  if (lists.public?.includes(key)) return false
  return isSecretKey(key) || looksSecret(value)
}
