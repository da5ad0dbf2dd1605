import { isDeepStrictEqual } from 'node:util'
import { JSONPathEnvironment } from 'json-p3'
import { cleanText, cutText, type ToText } from '../said.ts'
import type { HttpAnswer, HttpResponse } from './answer.ts'

/** What an answer has to be; what is not said is not looked at. */
export interface HttpExpect {
  /** 200, a list, or an inclusive range as text: '200-299'. */
  status?: number | readonly number[] | string | undefined
  /** The value as it is, or `/regex/`; null: the header must be absent. */
  headers?: Record<string, string | null> | undefined
  /** The body contains this text. */
  body?: string | undefined
  /** The body matches this regular expression. */
  match?: string | undefined
  /** JSONPath (RFC 9535) to the value that one node has; text `/regex/` matches a string. */
  json?: Record<string, unknown> | undefined
  /** Seconds that the answer may take. */
  latency?: number | undefined
}

/** How an answer compares with what was expected, in short words for the matrix. */
export interface Compared {
  ok: boolean
  expected: string
  observed: string
}

const environment = new JSONPathEnvironment()

/** True where the JSONPath is one (RFC 9535). */
export function isJsonPath(path: string): boolean {
  try {
    environment.compile(path)
    return true
  } catch {
    return false
  }
}

/** A text between slashes as a regular expression: `/^a/i`. */
export function asRegExp(text: string): RegExp | undefined {
  const match = /^\/([\s\S]+)\/([imsu]*)$/.exec(text)
  if (!match) return undefined
  try {
    return new RegExp(match[1]!, match[2])
  } catch {
    return undefined
  }
}

const fits = (value: string, wanted: string) => asRegExp(wanted)?.test(value) ?? value === wanted

/** How a value is shown in a short text. */
type Show = (value: string) => string

/** Cut only behind the pipe. */
const shortBy =
  (text: ToText): Show =>
  (value) =>
    cutText(cleanText(value, text), 60)

/** True where the status is the wanted one, in the list, or in the range. */
export function statusFits(status: number, wanted: HttpExpect['status']): boolean {
  if (wanted === undefined) return true
  if (typeof wanted === 'number') return status === wanted
  if (typeof wanted !== 'string') return wanted.includes(status)
  const range = /^(\d{3})-(\d{3})$/.exec(wanted)
  if (range) return status >= Number(range[1]) && status <= Number(range[2])
  return status === Number(wanted)
}

function headerProblems(response: HttpResponse, wanted: HttpExpect['headers'], short: Show): string[] {
  return Object.entries(wanted ?? {}).flatMap(([name, value]) => {
    const found = response.headers
      .filter(([header]) => header.toLowerCase() === name.toLowerCase())
      .map((row) => row[1])
    const shown = name.toLowerCase()
    if (value === null) return found.length === 0 ? [] : [`${shown} is there`]
    if (found.length === 0) return [`${shown} is absent`]
    return found.some((one) => fits(one, value)) ? [] : [`${shown} is ${short(found.join(', '))}`]
  })
}

function jsonProblems(body: string, wanted: HttpExpect['json'], short: Show): string[] {
  const paths = Object.entries(wanted ?? {})
  if (paths.length === 0) return []
  let document: unknown
  try {
    document = JSON.parse(body)
  } catch {
    return [body.trim() === '' ? 'body is empty' : 'body is not JSON']
  }
  return paths.flatMap(([path, value]) => {
    const values = environment.query(path, document as never).values()
    const good = values.some((one) =>
      typeof one === 'string' && typeof value === 'string' ? fits(one, value) : isDeepStrictEqual(one, value),
    )
    if (good) return []
    return [
      values.length === 0 ? `${path} is absent` : `${path} is ${short(JSON.stringify(values[0]) ?? '')}`,
    ]
  })
}

function bodyProblems(body: string, { body: text, match }: HttpExpect, short: Show): string[] {
  if ((text !== undefined || match !== undefined) && body.trim() === '' && text !== '')
    return ['body is empty']
  const problems: string[] = []
  if (text !== undefined && !body.includes(text)) problems.push(`body lacks "${short(text)}"`)
  if (match !== undefined && !(asRegExp(match) ?? new RegExp(match)).test(body))
    problems.push(`body does not match ${short(match)}`)
  return problems
}

function statusText(wanted: HttpExpect['status']): string | undefined {
  if (wanted === undefined) return undefined
  return typeof wanted === 'number' || typeof wanted === 'string' ? String(wanted) : wanted.join(' or ')
}

/** What is expected: `204, access-control-allow-origin: https://media.example.net`; whole, where nobody says how its values are shown. */
export function describeExpect(expect: HttpExpect, short: Show = (value) => value): string {
  const parts = [
    statusText(expect.status),
    ...Object.entries(expect.headers ?? {}).map(([name, value]) =>
      value === null ? `no ${name.toLowerCase()}` : `${name.toLowerCase()}: ${short(value)}`,
    ),
    expect.body === undefined ? undefined : `body with "${short(expect.body)}"`,
    expect.match === undefined ? undefined : `body ~ ${short(expect.match)}`,
    ...Object.entries(expect.json ?? {}).map(([path, value]) => `${path} = ${short(JSON.stringify(value))}`),
    expect.latency === undefined ? undefined : `within ${expect.latency} s`,
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? 'an answer' : parts.join(', ')
}

/** Compares an answer with what was expected; `observed` says the status, and what is wrong beside it. */
export function compareAnswer(expect: HttpExpect, answer: HttpAnswer, text: ToText): Compared {
  const short = shortBy(text)
  const expected = describeExpect(expect, short)
  if (answer.is !== 'answered') return { ok: false, expected, observed: answer.observed }
  const { response } = answer
  const status = String(response.status)
  if (!statusFits(response.status, expect.status)) return { ok: false, expected, observed: status }
  const problems = [
    ...headerProblems(response, expect.headers, short),
    ...bodyProblems(response.body, expect, short),
    ...jsonProblems(response.body, expect.json, short),
    ...(expect.latency !== undefined && response.ms > expect.latency * 1000
      ? [`took ${response.ms} ms`]
      : []),
  ]
  if (problems.length > 0) return { ok: false, expected, observed: `${status} but ${problems.join(', ')}` }
  const seen = Object.entries(expect.headers ?? {}).flatMap(([name, value]) => {
    const found = response.headers.find(([header]) => header.toLowerCase() === name.toLowerCase())
    return value === null || found === undefined ? [] : [`${name.toLowerCase()}: ${short(found[1])}`]
  })
  return { ok: true, expected, observed: [status, ...seen].join(', ') }
}
