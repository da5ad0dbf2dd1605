// Secrets that nobody registered, known by their shape. Each shape has triggers: literal texts, found in one walk
// (triggers.ts). Its pattern is tried at a trigger only, and there alone; so what a line costs does not grow with the
// number of shapes, nor with the length of a line that somebody made to be slow.
import { cookies, curlPasswords, hosted, secretsOfAuthorization } from './headers.ts'
import { type Line, type Span, secretValue } from './keyValue.ts'
import type { MarkName } from './markNames.ts'
import { isNoSecret } from './telling.ts'

/** What a shape finds at one of its triggers: its places, and from where in the text on it is to be asked again. */
export interface Tried {
  spans: readonly Span[]
  past: number
}

/** One shape: `name` is what its mark says; `find` looks at a trigger that stands at `at` in a line of the text. */
export interface Shape {
  name: MarkName
  triggers: readonly string[]
  find(text: string, at: number, line: Line): Tried
}

/** The usual ways to write a word. */
function cases(...words: string[]): string[] {
  return words.flatMap((word) => [word, word.toUpperCase(), word[0]!.toUpperCase() + word.slice(1)])
}

/**
 * A token: the pattern (sticky, with indices) is tried `back` characters before the trigger; its first group is the
 * secret where it has one, and `holds` may say that it is none.
 */
function token(
  name: MarkName,
  triggers: readonly string[],
  pattern: RegExp,
  o: { back?: readonly number[]; holds?: (value: string) => boolean } = {},
): Shape {
  const { back = [0], holds = () => true } = o
  return {
    name,
    triggers,
    find(text, at, line) {
      for (const distance of back) {
        if (at - distance < line.from) continue
        pattern.lastIndex = at - distance
        const found = pattern.exec(text)
        const range = found?.indices?.[1] ?? found?.indices?.[0]
        if (!range || range[1] > line.to || !holds(text.slice(range[0], range[1]))) continue
        return { spans: [{ from: range[0], to: range[1], rest: 'token' }], past: range[1] }
      }
      return { spans: [], past: at + 1 }
    },
  }
}

/** A shape that is asked once for a line: at its first trigger, or at the next one where it gives nothing at all. */
function once(
  name: MarkName,
  triggers: readonly string[],
  find: (text: string, at: number, line: Line) => Span[] | undefined,
): Shape {
  return {
    name,
    triggers,
    find(text, at, line) {
      const spans = find(text, at, line)
      return spans ? { spans, past: line.to } : { spans: [], past: at + 1 }
    },
  }
}

const mixed = (value: string) => /\d/.test(value) && /[A-Za-z]/.test(value)

/** True for base64 of `user:password`; "Basic authentication" is no such thing. */
function isBasic(value: string): boolean {
  const text = Buffer.from(value, 'base64').toString('utf8')
  return text.includes(':') && !/[^\x20-\x7e\u00a0-\u{fffc}]/u.test(text)
}

/** The shapes, the more telling name first. */
export const shapes: readonly Shape[] = [
  token('jwt', ['eyJ'], /(?<![\w-])eyJ(?:[\w-]{5,}\.[\w-]{2,}(?:\.[\w-]*){0,3}|[\w-]{1024,})/dy),
  once('authorization', cases('authorization'), secretsOfAuthorization),
  token('bearer', cases('bearer'), /\bbearer[ \t]{1,16}([\w.~+/=-]{12,})/diy, { holds: mixed }),
  token('basic', cases('basic'), /\bbasic[ \t]{1,16}([\w+/-]{6,}={0,2})/diy, { holds: isBasic }),
  once('cookie', cases('cookie'), cookies),
  {
    name: 'password',
    triggers: ['://', '@tcp(', '@unix('],
    find: (text, at, line) => ({ spans: hosted(text, at, line), past: at + 1 }),
  },
  once('password', ['curl '], curlPasswords),
  token(
    'password',
    ['mysql', 'mariadb'],
    /\b(?:mysql|mariadb)(?:dump|admin|check|import|show)?(?=[ \t])(?:[^\n|;&]{0,256}?)[ \t]-p(?![ \t])["']?([^\s"']+)/dy,
    { holds: (value) => !isNoSecret(value) },
  ),
  token('password', ['sshpass'], /\bsshpass[ \t]{1,16}-p[ \t]{0,16}["']?([^\s"']+)/dy, {
    holds: (value) => !isNoSecret(value),
  }),
  token('value', ['code='], /(?<=[?&])code=([\w.~%/+-]{8,})/dy, { holds: mixed }),
  token('aws-key', ['AKIA', 'ASIA'], /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/dy),
  token('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], /\bgh[pousr]_[A-Za-z0-9]{20,}/dy),
  token('github-token', ['github_pat_'], /\bgithub_pat_\w{20,}/dy),
  token('gitlab-token', ['glpat-'], /\bglpat-[\w-]{16,}/dy),
  token('slack-token', ['xox', 'xapp-'], /\b(?:xox[a-z]|xapp)-[\w-]{10,}/dy),
  token('webhook', ['hooks.slack.com/'], /hooks\.slack\.com\/(?:services|workflows)\/([\w/-]+)/dy),
  token('webhook', ['/api/webhooks/'], /\/api\/webhooks\/(\d+\/[\w-]+)/dy),
  token('stripe-key', ['k_live_', 'k_test_'], /\b[srp]k_(?:live|test)_[A-Za-z0-9]{10,}/dy, { back: [1] }),
  token('webhook-secret', ['whsec_'], /\bwhsec_[\w+/=]{10,}/dy),
  token('google-key', ['AIza'], /\bAIza[\w-]{30,}/dy),
  token('google-token', ['ya29.', 'GOCSPX-'], /\b(?:ya29\.|GOCSPX-)[\w.-]{20,}/dy),
  token('api-key', ['sk-'], /(?<![\w-])sk-(?=[A-Za-z_-]*\d[\w-]{20,})[\w-]+/dy),
  token('huggingface-token', ['hf_'], /\bhf_[A-Za-z0-9]{30,}/dy),
  token('npm-token', ['npm_'], /\bnpm_[A-Za-z0-9]{30,}/dy),
  token('pypi-token', ['pypi-'], /\bpypi-[\w-]{30,}/dy),
  token('sendgrid-key', ['SG.'], /\bSG\.[\w-]{16,}\.[\w-]{16,}/dy),
  token('vault-token', ['hvs.', 'hvb.'], /\bhv[sb]\.[\w-]{20,}/dy),
  token('databricks-token', ['dapi'], /\bdapi[a-f0-9]{32}(?:-\d)?\b/dy),
  token('digitalocean-token', ['_v1_'], /\bdo[opr]_v1_[a-f0-9]{32,}/dy, { back: [3] }),
  token('telegram-token', [':AA'], /\b\d{8,10}:AA[\w-]{30,}/dy, { back: [10, 9, 8] }),
  token('age-key', ['AGE-SECRET-KEY-1'], /AGE-SECRET-KEY-1[A-Z0-9]{20,}/dy),
  {
    name: 'value',
    triggers: cases('pass', 'pwd', 'secret', 'token', 'key', 'cred', 'salt'),
    find(text, at, line) {
      const { span, past } = secretValue(text, at, line)
      return { spans: span ? [span] : [], past }
    },
  },
]
