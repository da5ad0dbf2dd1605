import type { HttpRequest } from '../../model/action.ts'
import type { Command } from '../../model/command.ts'
import { SitrepError } from '../../model/errors.ts'
import { revealText, type SecretStore } from '../../model/secret.ts'

/**
 * The curl command of one request. All of it, secrets included, goes as a curl configuration on stdin (`--config -`):
 * nothing but that stands in argv. It prints the status line, the headers and the body; its last line on stderr is
 * `sitrep-http STATUS SECONDS`. A status of 400 or more is no failure of curl: the step's verification judges it.
 * A request that can't be sent as it is gives a SitrepError as its value.
 */
export function requestCommand(
  request: HttpRequest,
  secrets: Pick<SecretStore, 'value'>,
): Command | SitrepError {
  try {
    return build(request, secrets)
  } catch (error) {
    if (error instanceof SitrepError) return error
    throw error
  }
}

function build(request: HttpRequest, secrets: Pick<SecretStore, 'value'>): Command {
  const { url, method, headers, body, resolve, insecure, timeoutMs } = request
  if (!/^https?:\/\//i.test(url)) throw new SitrepError('failed', `not an http or https URL: ${url}`)
  const lines = [
    line('url', url),
    method.toUpperCase() === 'HEAD' ? 'head' : line('request', method),
    ...Object.entries(headers).map(([name, value]) =>
      line('header', header(name, revealText(value, secrets))),
    ),
    // Not `data`: that would read a file where the body begins with @.
    ...(body === undefined ? [] : [line('data-raw', revealText(body, secrets))]),
    ...(resolve === undefined ? [] : [line('connect-to', `::${withPort(resolve)}`), line('noproxy', '*')]),
    ...(insecure ? ['insecure'] : []),
    line('proto', '=http,https'),
    line('max-time', String(timeoutMs / 1000)),
    'globoff',
    'include',
    'silent',
    'show-error',
    line('write-out', '%{stderr}sitrep-http %{http_code} %{time_total}\\n'),
  ]
  // --disable first: no ~/.curlrc. The process gets a little longer than curl gives itself, so that curl can say why.
  return {
    argv: ['curl', '--disable', '--config', '-'],
    stdin: { base64: Buffer.from(`${lines.join('\n')}\n`).toString('base64') },
    timeoutMs: timeoutMs + 5000,
  }
}

function withPort(resolve: string): string {
  if (/^\[[^\]]*\](?::\d+)?$/.test(resolve) || /^[^:]*:\d+$/.test(resolve))
    return /:\d+$/.test(resolve) ? resolve : `${resolve}:`
  return resolve.includes(':') ? `[${resolve}]:` : `${resolve}:`
}

function header(name: string, value: string): string {
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) throw new SitrepError('failed', `not a header name: ${name}`)
  if (/[\r\n\0]/.test(value))
    throw new SitrepError('failed', `the value of the header ${name} holds a line break`)
  // curl takes `Name:` for "leave this header out"; `Name;` sends it empty.
  return value === '' ? `${name};` : `${name}: ${value}`
}

// Quoted as curl reads its configuration: backslash escapes for \\, ", tab, newline, return and vertical tab.
function line(option: string, value: string): string {
  if (value.includes('\0')) throw new SitrepError('failed', `a NUL byte can't be sent in ${option}`)
  if (option === 'write-out') return `${option} = "${value}"`
  const escaped = value
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\v', '\\v')
  return `${option} = "${escaped}"`
}
