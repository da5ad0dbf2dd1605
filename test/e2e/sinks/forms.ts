// Secrets, a program that prints them in every form, and a grep for any of them that does not share code with the redactor.
import { writeFileSync } from 'node:fs'

export const secrets = {
  token: `Zq7'"&/\\ é=ZebraQuartz42$(x)%`,
  file: 'first-line-Walrus77\r\nsecond line Otter88 & more\r\nthird-Lynx99/line=',
}

/** What stands in each plain-like form of one of them. */
const cores = ['ZebraQuartz42', 'Walrus77', 'Otter88', 'Lynx99']

/** Fragments of the base64 of a value, wherever in a longer text it begins. */
function base64Fragments(value: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset, 'a'), Buffer.from(value)]).toString('base64')
    const inner = whole.slice(4, -4)
    const found: string[] = []
    for (let at = 0; at + 12 <= inner.length; at += 4) found.push(inner.slice(at, at + 12))
    return [...found, ...found.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))]
  })
}

const needles = [...cores, ...Object.values(secrets).flatMap(base64Fragments)]

/** What of the secrets stands in a text, also where it was broken into lines. */
export function secretsIn(text: string): string[] {
  const joined = text.replace(/\\[rn]|\s/g, '')
  return needles.filter((needle) => text.includes(needle) || joined.includes(needle.replace(/\s/g, '')))
}

/** Prints `$TOKEN` and `$FILE` in every form to stdout and stderr, some of it byte by byte, and 300 lines around it. */
const program = `
import { writeSync } from 'node:fs'
const put = (text) => { for (const to of [1, 2]) writeSync(to, text) }
const slowly = (text) => { for (const byte of Buffer.from(text)) for (const to of [1, 2]) writeSync(to, Buffer.from([byte])) }
const b64 = (bytes) => Buffer.from(bytes).toString('base64')
const wrap = (text, n) => text.match(new RegExp('.{1,' + n + '}', 'g')).join('\\n')
const ascii = (json) => json.replace(/[^\\x20-\\x7e]/g, (c) => '\\\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))
for (const name of ['TOKEN', 'FILE']) {
  const value = process.env[name]
  const json = JSON.stringify(value)
  const forms = [
    value, value.replaceAll('\\r\\n', '\\n'), 'x' + value + 'y', '"' + value + '"',
    ...[0, 1, 2].flatMap((n) => { const text = b64('a'.repeat(n) + value + 'tail'); return [text, wrap(text, 76), wrap(text, 20), text.replaceAll('+', '-').replaceAll('/', '_')] }),
    b64(value), Buffer.from(value).toString('base64url'),
    encodeURIComponent(value), encodeURI(value), new URLSearchParams({ q: value }).toString(), 'http://u:' + encodeURIComponent(value) + '@h/',
    json, JSON.stringify({ value }), JSON.stringify(JSON.stringify({ value })), ascii(json),
    "'" + value.replaceAll("'", "'\\\\''") + "'", value.split(/\\r?\\n/).map((line) => '    ' + line).join('\\n'),
    '\\x1b[31m' + value.slice(0, 9) + '\\x1b[0m' + value.slice(9), '\\x1b[1m' + value + '\\x1b[0m',
    'DB_PASSWORD=' + value, 'Error: no login with ' + value + '\\n    at f (' + value + ':1:1)',
  ]
  for (const form of forms) put('form: ' + form + '\\n')
  for (const form of forms) slowly(form + '\\n')
}
for (let line = 0; line < 300; line++) put('line ' + line + ' of the output\\n')
`

/** Writes the program; gives the shell command that runs it with both secrets in its environment. */
export function writePrinter(path: string): string {
  writeFileSync(path, program)
  return `TOKEN={{ params.token }} FILE={{ params.file }} '${process.execPath}' '${path}'`
}
