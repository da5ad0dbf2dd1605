// curl [-q] [-K -] [OPTIONS] URL: one HTTP request, with the options that sitrep's http action and check use, and
// curl's exit codes for what can go wrong. For systems without curl.
import { readFileSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

const short = {
  q: 'disable',
  K: 'config',
  s: 'silent',
  S: 'show-error',
  X: 'request',
  H: 'header',
  d: 'data',
  o: 'output',
  w: 'write-out',
  m: 'max-time',
  k: 'insecure',
  I: 'head',
  D: 'dump-header',
  g: 'globoff',
  i: 'include',
}
const flags = new Set(['disable', 'silent', 'show-error', 'insecure', 'head', 'globoff', 'include'])
const options = { header: [] }

function set(name, value) {
  if (name === 'header') options.header.push(value)
  else if (name === 'config') readConfig(readFileSync(value === '-' ? 0 : value, 'utf8'))
  else options[name === 'data-raw' ? 'data' : name] = value
}

/** The file format of curl(1), --config: a name, and a value that may be quoted with backslash escapes. */
function readConfig(text) {
  const escapes = { n: '\n', r: '\r', t: '\t', v: '\v' }
  for (const line of text.split('\n')) {
    const [, name, raw = ''] = /^\s*-{0,2}([\w-]+)\s*[=:\s]?\s*(.*)$/.exec(line) ?? []
    if (!name) continue
    const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(raw)
    set(name, quoted ? quoted[1].replace(/\\(.)/g, (_, c) => escapes[c] ?? c) : raw || true)
  }
}

const args = process.argv.slice(2)
for (let argument = args.shift(); argument !== undefined; argument = args.shift()) {
  if (argument.startsWith('--')) {
    const name = argument.slice(2)
    set(name, flags.has(name) ? true : args.shift())
  } else if (argument.startsWith('-')) {
    for (let rest = argument.slice(1); rest !== ''; rest = rest.slice(1)) {
      const name = short[rest[0]]
      if (name === undefined) fail(2, `option -${rest[0]}: is unknown`)
      if (flags.has(name)) set(name, true)
      else {
        set(name, rest.slice(1) || args.shift())
        break
      }
    }
  } else options.url = argument
}

function fail(code, message) {
  console.error(`curl: (${code}) ${message}`)
  process.exit(code)
}

const begun = performance.now()
let url
try {
  url = new URL(/^\w+:\/\//.test(options.url) ? options.url : `http://${options.url}`)
} catch {
  fail(3, 'URL rejected')
}
const method = options.request ?? (options.head ? 'HEAD' : options.data === undefined ? 'GET' : 'POST')
const headers = new Map([
  ['host', ['Host', url.host]],
  ['accept', ['Accept', '*/*']],
  ['user-agent', ['User-Agent', 'curl']],
])
if (options.data !== undefined)
  headers.set('content-type', ['Content-Type', 'application/x-www-form-urlencoded'])
for (const line of options.header) {
  const [, name, mark, value] = /^([^:;]+)([:;])\s*(.*)$/s.exec(line) ?? []
  if (!name) continue
  if (mark === ':' && value === '') headers.delete(name.toLowerCase())
  else headers.set(name.toLowerCase(), [name, value])
}
const body = options.data === undefined ? undefined : Buffer.from(options.data)
if (body) headers.set('content-length', ['Content-Length', String(body.length)])
const [, address = '', port = ''] =
  /^[^:]*:[^:]*:(\[[^\]]*\]|[^:]*):(.*)$/.exec(options['connect-to'] ?? '') ?? []

const secure = url.protocol === 'https:'
const request = (secure ? httpsRequest : httpRequest)({
  method,
  host: (address || url.hostname).replace(/^\[|\]$/g, ''),
  port: port || url.port || (secure ? 443 : 80),
  path: url.pathname + url.search,
  setHost: false,
  headers: Object.fromEntries(headers.values()),
  ...(secure ? { servername: url.hostname, rejectUnauthorized: !options.insecure } : {}),
})

function end(response, head, chunks) {
  const content = Buffer.concat(chunks)
  const parts = [...(options['dump-header'] === '-' || options.include ? [Buffer.from(head, 'latin1')] : [])]
  if (options.output === undefined || options.output === '-') parts.push(content)
  else if (options.output !== '/dev/null') writeFileSync(options.output, content)
  process.stdout.write(Buffer.concat(parts))
  writeOut(response.statusCode, head.length, content.length, response.socket?.remoteAddress ?? address)
}

function writeOut(status, headSize, size, ip) {
  const values = {
    http_code: String(status).padStart(3, '0'),
    response_code: String(status).padStart(3, '0'),
    time_total: ((performance.now() - begun) / 1000).toFixed(6),
    size_header: headSize,
    size_download: size,
    remote_ip: ip,
    url_effective: url.href,
  }
  let to = process.stdout
  for (const part of (options['write-out'] ?? '').replaceAll('\\n', '\n').split(/(%\{\w+\})/)) {
    const name = /^%\{(\w+)\}$/.exec(part)?.[1]
    if (name === 'stderr') to = process.stderr
    else if (name === 'stdout') to = process.stdout
    else to.write(name === undefined ? part : String(values[name] ?? ''))
  }
}

function broken(code, message) {
  writeOut(0, 0, 0, '')
  fail(code, message)
}

const codes = {
  ECONNREFUSED: [7, 'Failed to connect: Connection refused'],
  ENOTFOUND: [6, `Could not resolve host: ${url.hostname}`],
  EAI_AGAIN: [6, `Could not resolve host: ${url.hostname}`],
  ECONNRESET: [56, 'Recv failure: Connection reset by peer'],
}

request.on('error', (error) => {
  if (codes[error.code]) broken(...codes[error.code])
  else if (/CERT|SELF_SIGNED|certificate/.test(`${error.code} ${error.message}`)) broken(60, error.message)
  else broken(secure ? 35 : 56, error.message)
})
request.on('response', (response) => {
  const lines = []
  for (let i = 0; i < response.rawHeaders.length; i += 2)
    lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}\r\n`)
  const head = `HTTP/${response.httpVersion} ${response.statusCode} ${response.statusMessage}\r\n${lines.join('')}\r\n`
  const chunks = []
  response.on('data', (chunk) => chunks.push(chunk))
  response.on('error', () => broken(18, 'transfer closed with outstanding read data remaining'))
  response.on('end', () => {
    clearTimeout(timer)
    request.destroy()
    end(response, head, chunks)
  })
})
const limit = Number(options['max-time'] ?? 0) * 1000
const timer =
  limit > 0
    ? setTimeout(() => broken(28, `Operation timed out after ${Math.round(limit)} milliseconds`), limit)
    : undefined
request.end(body)
