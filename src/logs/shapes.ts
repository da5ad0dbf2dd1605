// Secrets that nobody registered, known by their shape. Each shape has triggers: literal texts, found in the same walk
// as the registered values, without which its regular expression is not even tried.
import { type Span, secretValues } from './keyValue.ts'
import { isNoSecret } from './telling.ts'

/** One shape: `name` is what its mark says, `find` gives the places in one line. */
export interface Shape {
  name: string
  triggers: readonly string[]
  find(line: string): Span[]
}

/** The matches of a pattern: its first group where it has one, where `holds` says so. The pattern needs the flags d and g. */
function matches(pattern: RegExp, holds: (value: string) => boolean = () => true) {
  return (line: string): Span[] => {
    const spans: Span[] = []
    for (const found of line.matchAll(pattern)) {
      const range = found.indices?.[1] ?? found.indices?.[0]
      if (!range || !holds(line.slice(range[0], range[1]))) continue
      spans.push({ from: range[0], to: range[1] })
    }
    return spans
  }
}

/** The usual ways to write a word. */
function cases(...words: string[]): string[] {
  return words.flatMap((word) => [word, word.toUpperCase(), word[0]!.toUpperCase() + word.slice(1)])
}

const mixed = (value: string) => /\d/.test(value) && /[A-Za-z]/.test(value)

/** True for base64 of `user:password`; "Basic authentication" is no such thing. */
function isBasic(value: string): boolean {
  const text = Buffer.from(value, 'base64').toString('utf8')
  return text.includes(':') && !/[^\x20-\x7e\u00a0-\u{fffc}]/u.test(text)
}

/** Values of a Cookie line, the first of a Set-Cookie line: its attributes (Secure, Path) are what a report is about. */
function cookies(line: string): Span[] {
  const header = /\b(set-)?cookie["']?\s*:\s*\\?["']?/i.exec(line)
  if (!header) return []
  const spans: Span[] = []
  const pair = /([^\s=;,"']+)=([^;"'\s]*)/g
  pair.lastIndex = header.index + header[0].length
  for (let found = pair.exec(line); found; found = pair.exec(line)) {
    const from = found.index + found[1]!.length + 1
    if (!isNoSecret(found[2]!)) spans.push({ from, to: from + found[2]!.length })
    if (header[1]) break
  }
  return spans
}

const token = (name: string, triggers: string[], pattern: RegExp): Shape => ({
  name,
  triggers,
  find: matches(pattern),
})

/** The shapes, the more telling name first. */
export const shapes: readonly Shape[] = [
  token('jwt', ['eyJ'], /(?<![\w-])eyJ[\w-]{5,}\.[\w-]{2,}(?:\.[\w-]*){0,3}/dg),
  {
    name: 'authorization',
    triggers: cases('authorization'),
    find: matches(
      /\bauthorization["']?\s*[:=]\s*\\?["']?\s*(?:bearer|basic|digest|negotiate|token|apikey|hawk|aws4-hmac-sha256)\s+([^"'‹\s][^"']*)/dgi,
    ),
  },
  {
    name: 'authorization',
    triggers: cases('authorization'),
    find: matches(/\bauthorization["']?\s*[:=]\s*\\?["']?\s*([^\s"',‹]{8,})/dgi, mixed),
  },
  { name: 'bearer', triggers: cases('bearer'), find: matches(/\bbearer\s+([\w.~+/=-]{12,})/dgi, mixed) },
  { name: 'basic', triggers: cases('basic'), find: matches(/\bbasic\s+([\w+/-]{6,}={0,2})/dgi, isBasic) },
  { name: 'cookie', triggers: cases('cookie'), find: cookies },
  {
    name: 'password',
    triggers: ['://'],
    find: matches(/[a-z][a-z0-9+.-]*:\/\/[^\s:/?#@"'<>]*:([^\s/"'<>]+)@/dgi, (value) => !isNoSecret(value)),
  },
  {
    name: 'password',
    triggers: ['@tcp(', '@unix('],
    find: matches(/[\w.-]+:([^\s@"']+)@(?:tcp|unix)\(/dg, (value) => !isNoSecret(value)),
  },
  {
    name: 'password',
    triggers: ['curl '],
    find: matches(
      /\bcurl\b.*?\s(?:-u|--user)[ =]?\s*["']?[^\s:"']+:([^\s"']+)/dg,
      (value) => !isNoSecret(value),
    ),
  },
  token('aws-key', ['AKIA', 'ASIA'], /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/dg),
  token('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], /\bgh[pousr]_[A-Za-z0-9]{20,}/dg),
  token('github-token', ['github_pat_'], /\bgithub_pat_\w{20,}/dg),
  token('gitlab-token', ['glpat-'], /\bglpat-[\w-]{16,}/dg),
  token('slack-token', ['xox', 'xapp-'], /\b(?:xox[a-z]|xapp)-[\w-]{10,}/dg),
  token('webhook', ['hooks.slack.com/'], /hooks\.slack\.com\/(?:services|workflows)\/([\w/-]+)/dg),
  token('webhook', ['/api/webhooks/'], /\/api\/webhooks\/(\d+\/[\w-]+)/dg),
  token('stripe-key', ['k_live_', 'k_test_'], /\b[srp]k_(?:live|test)_[A-Za-z0-9]{10,}/dg),
  token('webhook-secret', ['whsec_'], /\bwhsec_[\w+/=]{10,}/dg),
  token('google-key', ['AIza'], /\bAIza[\w-]{30,}/dg),
  token('google-token', ['ya29.', 'GOCSPX-'], /\b(?:ya29\.|GOCSPX-)[\w.-]{20,}/dg),
  token('api-key', ['sk-'], /(?<![\w-])sk-[\w-]*\d[\w-]{20,}/dg),
  token('npm-token', ['npm_'], /\bnpm_[A-Za-z0-9]{30,}/dg),
  token('pypi-token', ['pypi-'], /\bpypi-[\w-]{30,}/dg),
  token('sendgrid-key', ['SG.'], /\bSG\.[\w-]{16,}\.[\w-]{16,}/dg),
  token('vault-token', ['hvs.', 'hvb.'], /\bhv[sb]\.[\w-]{20,}/dg),
  token('digitalocean-token', ['_v1_'], /\bdo[opr]_v1_[a-f0-9]{32,}/dg),
  token('telegram-token', [':AA'], /\b\d{8,10}:AA[\w-]{30,}/dg),
  token('age-key', ['AGE-SECRET-KEY-1'], /AGE-SECRET-KEY-1[A-Z0-9]{20,}/dg),
  {
    name: 'value',
    triggers: cases('pass', 'pwd', 'secret', 'token', 'key', 'cred', 'salt'),
    find: secretValues,
  },
]
