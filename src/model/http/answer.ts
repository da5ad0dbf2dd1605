import type { RunResult } from '../command.ts'
import { type ToText, wholeText } from '../said.ts'
import { trailerMark } from './request.ts'

/** What a server answered. */
export interface HttpResponse {
  status: number
  /** `HTTP/1.1 200 OK`. */
  statusLine: string
  /** In order, names as sent. */
  headers: [name: string, value: string][]
  body: string
  /** The body was longer than what is kept. */
  cut: boolean
  ms: number
}

/** An answer, or in short words why there is none: `refused`, `timed out after 5 s`. */
export type HttpAnswer =
  | { is: 'answered'; response: HttpResponse }
  | { is: 'failed'; observed: string; detail: string; ms: number }
  /** Not looked at at all: the link was lost, or there is no curl. */
  | { is: 'unknown'; observed: string; detail: string; ms: number }

/** curl's exit codes in words (curl(1), EXIT CODES). */
const words: Record<number, string> = {
  3: 'the URL is malformed',
  5: "the proxy's name does not resolve",
  6: 'the name does not resolve',
  7: 'refused',
  16: 'HTTP/2 error',
  18: 'the answer broke off',
  35: 'TLS handshake failed',
  47: 'too many redirects',
  51: 'certificate not for this name',
  52: 'empty reply',
  55: 'the connection broke while sending',
  56: 'the connection was reset',
  60: 'certificate not trusted',
}

/** Where the headers end: size_header counts all header blocks (100 Continue too) as they were received. */
function splitAnswer(bytes: Uint8Array, size: number): { head: string; body: string } {
  const decoder = new TextDecoder()
  return { head: decoder.decode(bytes.subarray(0, size)), body: decoder.decode(bytes.subarray(size)) }
}

function parseHead(head: string): Pick<HttpResponse, 'statusLine' | 'headers'> {
  const blocks = head.split(/\r?\n\r?\n/).filter((block) => /^HTTP\//.test(block))
  const [statusLine = '', ...lines] = (blocks.at(-1) ?? '').split(/\r?\n/)
  const headers = lines.flatMap((line): [string, string][] => {
    const colon = line.indexOf(':')
    return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1).trim()]] : []
  })
  return { statusLine, headers }
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`
}

/** The answer in what curl printed for a command of `curlCommand`; `detail` is from behind the pipe. */
export function parseAnswer(result: RunResult, timeoutMs: number, text: ToText): HttpAnswer {
  const stderr = new TextDecoder().decode(result.stderr.bytes)
  const trailer = new RegExp(`${trailerMark} (\\d+) ([\\d.,]+) (\\d+) (\\S*)`).exec(stderr)
  const detail = wholeText(result.stderr, text)
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith(trailerMark))
    .slice(0, 3)
    .join('; ')
  const ms = trailer ? Math.round(Number(trailer[2]!.replace(',', '.')) * 1000) : Math.round(result.ms)
  if (result.endedBy === 'timeout' || result.exitCode === 28) {
    const partial = Number(trailer?.[1] ?? 0)
    const status = partial > 0 ? `${partial}, then ` : ''
    return { is: 'failed', observed: `${status}timed out after ${seconds(timeoutMs)}`, detail, ms }
  }
  if (result.endedBy !== 'exit') {
    const why =
      result.problem ?? (result.endedBy === 'lost' ? 'the link was lost' : `ended by ${result.endedBy}`)
    return { is: 'unknown', observed: why, detail, ms }
  }
  if (result.exitCode === 127 || (trailer === null && /not found|No such file/.test(detail))) {
    return { is: 'unknown', observed: 'there is no curl', detail: 'curl was not found; install it there', ms }
  }
  if (result.exitCode !== 0 || trailer === null) {
    const code = result.exitCode ?? -1
    return { is: 'failed', observed: words[code] ?? `curl exit ${code}`, detail, ms }
  }
  const { head, body } = splitAnswer(result.stdout.bytes, Number(trailer[3]))
  const response = { status: Number(trailer[1]), ...parseHead(head), body, cut: result.stdout.cut, ms }
  return { is: 'answered', response }
}

const guarded =
  /^(authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-auth-token|www-authenticate)$/i

const longestBody = 65_536

/** Status line, headers and the beginning of the body, which is from behind the pipe; what authenticates is not shown. */
export function answerEvidence({ statusLine, headers, body, cut }: HttpResponse, text: ToText): string {
  const shown = headers.map(([name, value]) => {
    if (!guarded.test(name)) return `${name}: ${value}`
    const cookie = /^set-cookie$/i.test(name) ? /^[^=;]+(?==)/.exec(value)?.[0] : undefined
    const attributes = cookie === undefined ? '' : value.split(';').slice(1).join(';')
    return `${name}: ${cookie === undefined ? '' : `${cookie}=`}‹not shown›${attributes === '' ? '' : `;${attributes}`}`
  })
  const clean = wholeText({ bytes: new TextEncoder().encode(body), cut }, text)
  const first = clean.slice(0, longestBody)
  const more = cut || clean.length > first.length ? '\n…' : ''
  return [statusLine, ...shown, '', `${first}${more}`].join('\n').trimEnd()
}
