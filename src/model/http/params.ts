import * as z from 'zod'
import type { HttpRequest } from '../action.ts'
import { zDuration, zText } from '../schema.ts'
import type { Text } from '../secret.ts'
import { asRegExp, isJsonPath } from './expect.ts'

const httpUrl = z
  .string()
  .regex(/^https?:\/\/[^\s\u0000-\u001f]+$/i, 'expected a URL that begins with http:// or https://')
  .refine(
    (url) => !/^https?:\/\/[^/]*@/i.test(url),
    'a URL may not hold a user or password; use a header with a secret parameter',
  )

const status = z
  .union([
    z.number().int().min(100).max(599),
    z.array(z.number().int().min(100).max(599)).min(1),
    z.string().regex(/^\d{3}(-\d{3})?$/),
  ])
  .describe("One status, a list, or a range such as '200-299'")

function compiles(pattern: string): boolean {
  if (asRegExp(pattern)) return true
  try {
    new RegExp(pattern)
    return true
  } catch {
    return false
  }
}

const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'expected a header name')

/** What an answer has to be. */
export const httpExpect = z.strictObject({
  status: status.optional(),
  headers: z
    .record(headerName, z.union([z.string(), z.null()]))
    .optional()
    .describe('The value as it is, or /regex/; null: the header must be absent'),
  body: z.string().optional().describe('Text that the body contains'),
  match: z
    .string()
    .refine(compiles, 'expected a regular expression')
    .optional()
    .describe('A regular expression that the body matches'),
  json: z
    .record(z.string().refine(isJsonPath, 'expected a JSONPath such as $.status'), z.unknown())
    .optional()
    .describe('JSONPath to the value there, or /regex/ for a string'),
  latency: zDuration.optional().describe('The longest that the answer may take'),
})

const token = z
  .string()
  .regex(/^[A-Za-z]+$/, 'expected an HTTP method')
  .transform((method) => method.toUpperCase())
const place = z.string().regex(/^[\w.:[\]-]+$/, 'expected ADDRESS or ADDRESS:PORT')

/** The parameters that the `http` action and the `http` check share. */
export const httpParams = z
  .strictObject({
    url: httpUrl.describe('Where to'),
    method: token.default('GET').describe('GET, HEAD and OPTIONS only look'),
    headers: z.record(headerName, zText).optional().describe('Request headers'),
    host: z
      .string()
      .regex(/^[\w.:[\]-]+$/, 'expected a host name')
      .optional()
      .describe('The Host header, where it is not the one of the URL'),
    resolve: place.optional().describe("Connect here instead of where the URL's name resolves"),
    body: zText.optional().describe('The request body'),
    json: z.unknown().optional().describe('A JSON body'),
    insecure: z.boolean().default(false).describe('Do not check the certificate'),
    from: z.enum(['host', 'operator']).default('host').describe('Which machine asks'),
    timeout: zDuration.optional().describe('10 s where absent'),
    expect: httpExpect.describe('What the answer has to be'),
  })
  .refine((p) => p.body === undefined || p.json === undefined, {
    message: 'give body or json, not both',
    path: ['json'],
  })

export type HttpParams = z.infer<typeof httpParams>

/** The request of the parameters, as data. */
export function requestOf(p: HttpParams): HttpRequest {
  const headers: Record<string, Text> = { ...p.headers }
  if (p.host !== undefined) headers.Host = p.host
  return {
    url: p.url,
    method: p.method,
    headers,
    ...(p.body === undefined ? {} : { body: p.body }),
    ...(p.json === undefined ? {} : { json: p.json }),
    ...(p.resolve === undefined ? {} : { resolve: p.resolve }),
    insecure: p.insecure,
    from: p.from,
    timeoutMs: (p.timeout ?? 10) * 1000,
  }
}

/** GET and HEAD change nothing by their definition (RFC 9110, 9.2.1), and neither does OPTIONS, a CORS preflight. */
export function onlyLooks({ method }: Pick<HttpParams, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}
