import type { HttpRequest } from '../action.ts'
import type { Command } from '../command.ts'
import { SitrepError } from '../errors.ts'
import { isSecretValue } from '../schema.ts'
import type { SecretRef, Text } from '../secret.ts'

/** What marks the line that curl writes to stderr at the end: exit facts that are not in the answer itself. */
export const trailerMark = 'sitrep-curl'

/**
 * How a request becomes curl's own configuration text, on curl's stdin (`-K -`), so that nothing of it stands in argv:
 *
 *   url = "http://127.0.0.1:3002/auth/login"
 *   header = "Authorization: Bearer ␂R0␂"
 *
 * A secret stands as a mark between STX characters, R (as it is) or J (inside JSON); awk on the host puts the value of
 * the environment variable SITREP_HTTP_0 there, escaped for JSON where it has to be and then for curl, and hands the text
 * to curl. Values with quotes or backslashes so stay inside their line.
 */
const mark = '\u0002'

interface Secrets {
  variables: Record<string, SecretRef>
  mark(ref: SecretRef, kind: 'R' | 'J'): string
}

function collect(): Secrets {
  const variables: Record<string, SecretRef> = {}
  const names = new Map<string, number>()
  return {
    variables,
    mark({ secret }, kind) {
      const index = names.get(secret) ?? names.size
      names.set(secret, index)
      variables[`SITREP_HTTP_${index}`] = { secret }
      return `${mark}${kind}${index}${mark}`
    },
  }
}

function refuseMarks(text: string): string {
  if (text.includes(mark) || text.includes('\u0000')) {
    throw new SitrepError('usage', 'an HTTP request may not hold NUL or STX characters')
  }
  return text
}

function flat(text: Text, secrets: Secrets, kind: 'R' | 'J'): string {
  const parts = typeof text === 'string' ? [text] : text
  return parts
    .map((part) => (typeof part === 'string' ? refuseMarks(part) : secrets.mark(part, kind)))
    .join('')
}

/** JSON with marks for its secrets; strings outside the marks are escaped as JSON wants. */
function jsonText(value: unknown, secrets: Secrets): string {
  if (isSecretValue(value)) {
    const parts = Array.isArray(value) ? (value as (string | SecretRef)[]) : [value as SecretRef]
    const inner = parts.map((part) =>
      typeof part === 'string' ? JSON.stringify(refuseMarks(part)).slice(1, -1) : secrets.mark(part, 'J'),
    )
    return `"${inner.join('')}"`
  }
  if (Array.isArray(value)) return `[${value.map((item) => jsonText(item, secrets)).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).map(
      ([key, item]) => `${JSON.stringify(refuseMarks(key))}:${jsonText(item, secrets)}`,
    )
    return `{${members.join(',')}}`
  }
  return refuseMarks(JSON.stringify(value ?? null))
}

/** One option of a curl configuration; the escapes are those of curl(1), --config. */
function option(name: string, value: string): string {
  const escaped = value
    .replace(/[\\"]/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\t/g, '\\t')
  return `${name} = "${escaped}"`
}

function headerLine(name: string, value: string): string {
  if (/[\r\n]/.test(value)) throw new SitrepError('usage', `the header ${name} may not hold a line break`)
  // `Name;` is how curl sends a header without a value.
  return value === '' ? `${name};` : `${name}: ${value}`
}

/** `ADDRESS` or `ADDRESS:PORT`, as curl's --connect-to wants it: for every host and port, there. */
function connectTo(resolve: string): string {
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(resolve)
  if (match) return `::${match[1]}:${match[2] ?? ''}`
  return `::[${resolve}]:`
}

/** The configuration text of a request, with marks where its secrets stand, and the variables that the marks name. */
export function curlConfig(request: HttpRequest): { text: string; secrets: Record<string, SecretRef> } {
  const secrets = collect()
  const { url, method, headers, body, json, resolve, insecure, timeoutMs } = request
  // curl reads other schemes too, and a header name that begins with @ as a file's name.
  if (!/^https?:\/\//i.test(url)) throw new SitrepError('failed', `not an http or https URL: ${url}`)
  const odd = Object.keys(headers).find((name) => !/^[!#$%&'*+.^_`|~\w-]+$/.test(name))
  if (odd !== undefined) throw new SitrepError('failed', `not a header name: ${odd}`)
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const head = method === 'HEAD'
  const lines = [
    option('url', refuseMarks(url)),
    head ? 'head' : option('request', method),
    'globoff',
    'silent',
    'show-error',
    option('proto', '=http,https'),
    option('max-time', String(Math.max(timeoutMs, 1) / 1000)),
    option('dump-header', '-'),
    ...(head ? [option('output', '/dev/null')] : []),
    option('write-out', `%{stderr}${trailerMark} %{http_code} %{time_total} %{size_header} %{remote_ip}\n`),
    ...Object.entries(headers).map(([name, value]) =>
      option('header', headerLine(name, flat(value, secrets, 'R'))),
    ),
    ...(json !== undefined && !names.has('content-type')
      ? [option('header', 'Content-Type: application/json')]
      : []),
    // A proxy would be asked for the name again.
    ...(resolve === undefined ? [] : [option('connect-to', connectTo(resolve)), option('noproxy', '*')]),
    ...(insecure ? ['insecure'] : []),
    ...(json !== undefined ? [option('data-raw', jsonText(json, secrets))] : []),
    ...(json === undefined && body !== undefined ? [option('data-raw', flat(body, secrets, 'R'))] : []),
  ]
  return { text: `${lines.join('\n')}\n`, secrets: secrets.variables }
}

/** Fills the marks in; POSIX awk (mawk, BSD awk, gawk). ENVIRON keeps a value as it is, unlike -v. */
const fill = `awk '
function each(s, from, to,  out, i) {
  out = ""
  while ((i = index(s, from)) > 0) { out = out substr(s, 1, i - 1) to; s = substr(s, i + length(from)) }
  return out s
}
function escaped(s) {
  s = each(s, "\\\\", "\\\\\\\\"); s = each(s, "\\"", "\\\\\\"")
  s = each(s, "\\n", "\\\\n"); s = each(s, "\\r", "\\\\r"); return each(s, "\\t", "\\\\t")
}
BEGIN { stx = sprintf("%c", 2) }
{
  line = $0; out = ""
  while ((i = index(line, stx)) > 0) {
    out = out substr(line, 1, i - 1); line = substr(line, i + 1)
    j = index(line, stx); what = substr(line, 1, j - 1); line = substr(line, j + 1)
    value = ENVIRON["SITREP_HTTP_" substr(what, 2)]
    if (substr(what, 1, 1) == "J") value = escaped(value)
    out = out escaped(value)
  }
  print out line
}' | exec curl -q -K -`

/** The command that makes the request: on the host or on the operator's machine alike. */
export function curlCommand(request: HttpRequest): Command {
  const { text, secrets } = curlConfig(request)
  // curl ends by itself; the rest is for what curl can't time, such as a stuck name service.
  const timeoutMs = request.timeoutMs + 2000
  if (Object.keys(secrets).length === 0) return { argv: ['curl', '-q', '-K', '-'], stdin: text, timeoutMs }
  return { argv: ['sh', '-c', fill], stdin: text, secrets, timeoutMs }
}

/** The request in one line for a person: `POST http://127.0.0.1:3002/auth/login (Host core.example.net)`. */
export function describeRequest(request: HttpRequest): string {
  const host = Object.entries(request.headers).find(([name]) => name.toLowerCase() === 'host')?.[1]
  const more = [
    ...(typeof host === 'string' ? [`Host ${host}`] : []),
    ...(request.resolve === undefined ? [] : [`at ${request.resolve}`]),
    ...(request.insecure ? ['certificate not checked'] : []),
    ...(request.from === 'operator' ? ['from this machine'] : []),
  ]
  return `${request.method} ${request.url}${more.length === 0 ? '' : ` (${more.join(', ')})`}`
}
