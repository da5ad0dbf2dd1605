// Secrets that stand at a known place: in a header, in a URL, in curl's option.
import type { Line, Span } from './keyValue.ts'
import { isNoSecret } from './telling.ts'

/** A longer list of cookies is hidden whole, since its line may be looked at in parts. */
const longestHeader = 15_000

const scheme =
  /\bauthorization["']?\s{0,16}[:=]\s{0,16}\\?["']?\s{0,16}(?:bearer|basic|digest|negotiate|token|apikey|hawk|aws4-hmac-sha256)\s{1,16}([^"'‹\s][^"']*)/dgi
const bare = /\bauthorization["']?\s{0,16}[:=]\s{0,16}\\?["']?\s{0,16}([^\s"',‹]{8,})/dgi

/** The credentials of Authorization headers: behind a scheme's name all of them, else a word with letters and digits. */
export function secretsOfAuthorization(text: string, at: number, line: Line): Span[] {
  const from = Math.max(line.from, at - 1)
  const part = text.slice(from, line.to)
  const spans: Span[] = []
  for (const found of part.matchAll(scheme)) push(found)
  for (const found of part.matchAll(bare)) {
    if (/\d/.test(found[1]!) && /[A-Za-z]/.test(found[1]!)) push(found)
  }
  return spans

  function push(found: RegExpExecArray): void {
    const [start, end] = found.indices![1]!
    spans.push({ from: from + start, to: from + end, rest: 'header' })
  }
}

const cookieHeader = /\b(set-)?cookie["']?\s{0,16}:\s{0,16}\\?["']?/gi
const cookieValue = /[^;"'\s]*/y
const beforeCookie = /[\s;,"'=]/

/** Values of a Cookie line, the first of a Set-Cookie line: its attributes (Secure, Path) are what a report is about. */
export function cookies(text: string, at: number, line: Line): Span[] {
  const start = Math.max(line.from, at - 5)
  const part = text.slice(start, line.to)
  cookieHeader.lastIndex = 0
  const header = cookieHeader.exec(part)
  if (!header) return []
  let past = header.index + header[0].length
  if (part.length - past > longestHeader) return [{ from: start + past, to: line.to, rest: 'line' }]
  const spans: Span[] = []
  for (
    let equals = part.indexOf('=', past);
    equals >= 0;
    equals = part.indexOf('=', Math.max(past, equals + 1))
  ) {
    if (equals === past || beforeCookie.test(part[equals - 1]!)) continue
    cookieValue.lastIndex = equals + 1
    const value = cookieValue.exec(part)![0]
    past = equals + 1 + value.length
    if (!isNoSecret(value)) spans.push({ from: start + equals + 1, to: start + past, rest: 'word' })
    if (header[1]) break
  }
  return spans
}

const curlUser = /\s(?:-u|--user)[ =]?\s{0,16}["']?[^\s:"']+:([^\s"']+)/dg

/** Passwords given by -u or --user to the curl that is called at `at`; nothing where that is the end of another word. */
export function curlPasswords(text: string, at: number, line: Line): Span[] | undefined {
  if (at > line.from && /\w/.test(text[at - 1]!)) return undefined
  const spans: Span[] = []
  for (const found of text.slice(at, line.to).matchAll(curlUser)) {
    const [from, to] = found.indices![1]!
    if (!isNoSecret(found[1]!)) spans.push({ from: at + from, to: at + to, rest: 'word' })
  }
  return spans
}

const longestPort = 1024
const urlPassword = /:[^\s/"'<>]+(@)|:[^\s/"'<>]+/y

/** The password of a URL (`scheme://user:password@host`, at `://`) or of a MySQL DSN (`user:password@tcp(`, at `@`). */
export function hosted(text: string, at: number, line: Line): Span[] {
  if (text[at] === '@') return dsnPassword(text, at, line)
  if (at === line.from || !/[A-Za-z0-9+.-]/.test(text[at - 1]!)) return []
  let colon = at + 3
  while (colon < line.to && !endsUser(text.charCodeAt(colon))) colon++
  if (text[colon] !== ':') return []
  urlPassword.lastIndex = colon
  const found = urlPassword.exec(text)
  if (!found) return []
  const [from, to] = [colon + 1, colon + found[0].length - (found[1] ? 1 : 0)]
  // Without its @ it may be a port; but not one so long, which the text ends in.
  if (!found[1] && (to < text.length || to - from < longestPort)) return []
  return isNoSecret(text.slice(from, to)) ? [] : [{ from, to, rest: 'word' }]
}

/** Blanks and : / ? # @ " ' < > */
function endsUser(code: number): boolean {
  return (
    code <= 0x20 ||
    code === 0x3a ||
    code === 0x2f ||
    code === 0x3f ||
    code === 0x23 ||
    code === 0x40 ||
    code === 0x22 ||
    code === 0x27 ||
    code === 0x3c ||
    code === 0x3e
  )
}

function dsnPassword(text: string, at: number, line: Line): Span[] {
  let from = -1
  for (let before = at - 1; before >= line.from && !/[\s@"']/.test(text[before]!); before--) {
    if (text[before] === ':' && before > line.from && /[\w.-]/.test(text[before - 1]!)) from = before + 1
  }
  return from < 0 || from === at || isNoSecret(text.slice(from, at)) ? [] : [{ from, to: at, rest: 'none' }]
}
