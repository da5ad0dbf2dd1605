import { inert } from './inert.ts'

/** The ways in which a value may be printed, to be looked for. */
export interface Forms {
  /** Looked for as they are. */
  plain: string[]
  /** Looked for with newlines inside passed over. */
  base64: string[]
}

/** Lines of a multi-line secret this long are looked for alone too (a key that is printed indented). */
const longLine = 12
const shortest = 4
/** A longer form is looked for in pieces: what is held back of a line is bounded, and a piece says enough. */
const longestForm = 4096
const piece = 2048

/** All forms of a secret value: plain, per line, base64 at three offsets, URL, JSON, HTML, shell-quoted. */
export function formsOf(value: string): Forms {
  const plain = new Set<string>()
  const add = (text: string) => {
    if (text.length >= shortest) plain.add(text)
  }
  const values = new Set([value, value.replaceAll('\r\n', '\n'), value.replace(/\s+$/, '')])
  for (const one of values) {
    for (const form of [one, ...jsonForms(one), ...urlForms(one), ...htmlForms(one), ...shellForms(one)]) {
      add(form)
      // The redactor stands behind the sanitiser: it sees what that makes of the value.
      add(inert(form))
    }
  }
  for (const line of longLines(value)) add(line)
  return {
    plain: [...plain].flatMap((form) => inPieces(form)),
    base64: base64Forms(value).flatMap((form) => inPieces(form)),
  }
}

/** Texts to be looked for once they and the text are decoded (decoded.ts): a value, its long lines, its base64 that URLs and JSON escape. */
export function decodableOf(value: string): string[] {
  const texts = new Set<string>()
  for (const one of [value, value.replaceAll('\r\n', '\n'), value.replace(/\s+$/, '')]) {
    texts.add(one)
    texts.add(inert(one))
  }
  for (const line of longLines(value)) texts.add(line)
  // ISO 8859-1 as Python's ascii() escapes it: one byte, which is not UTF-8.
  texts.add(value.replace(/[\x80-\xff]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`))
  for (const form of base64Forms(value)) if (/[+/]/.test(form)) texts.add(form)
  // A character may be written as seven, and all of them have to be in what is held of a long line.
  return [...texts].flatMap((text) => inPieces(text, piece / 2))
}

/** The lines of a value of several that are long enough to be looked for alone. */
function longLines(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim())
  if (lines.length === 1) return []
  return lines.filter((line) => line.length >= longLine && !/^-+(BEGIN|END) /.test(line))
}

function inPieces(form: string, size = piece): string[] {
  if (form.length <= 2 * size) return [form]
  const pieces: string[] = []
  let at = 0
  for (; form.length - at >= 2 * size; at += size) pieces.push(form.slice(at, at + size))
  return [...pieces, form.slice(at)]
}

function jsonForms(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const ascii = json.replace(/[\x7f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const slashes = json.replaceAll('/', '\\/')
  // A JSON text inside a JSON text, as structured logs print a body.
  const twice = JSON.stringify(json).slice(1, -1)
  const html = json.replace(/[<>&]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return [json, ascii, slashes, twice, html]
}

function urlForms(value: string): string[] {
  const whole = value.toWellFormed()
  const component = encodeURIComponent(whole)
  const strict = component.replace(/[!'()*]/g, percent)
  const all = component.replace(/[-_.!~*'()]/g, percent)
  const form = new URLSearchParams({ v: whole }).toString().slice(2)
  const upper = [component, strict, all, form, encodeURI(whole)]
  return [...upper, ...upper.map((text) => text.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()))]
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

/** As an error page prints it. */
function htmlForms(value: string): string[] {
  const named = value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
  return [named, named.replaceAll("'", '&#39;'), named.replaceAll("'", '&#x27;')]
}

function shellForms(value: string): string[] {
  return [
    value.replaceAll("'", `'\\''`),
    value.replaceAll("'", `'"'"'`),
    value.replace(/[\\"$`]/g, '\\$&'),
    value.replace(/[\\"$`!]/g, '\\$&'),
    // printf %q of bash, and $'…'.
    value.replace(/[^\w@%+=:,./\n\x80-\uffff-]/g, '\\$&'),
    value.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r'),
  ]
}

/**
 * Base64 of a value that begins at byte 0, 1 or 2 of a group of three: the characters that depend on the value alone.
 * Of the first and last group, where they are shared with neighbours, what is certain is looked for.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value)
  const forms = new Set<string>()
  for (let offset = 0; offset < 3; offset++) {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    // Of a first group with 1 foreign byte 2 characters are not certain, with 2 foreign bytes 3.
    const from = offset === 0 ? 0 : offset + 1
    // A last group of 1 or 2 bytes ends in a character that may hold bits of the next byte.
    const to = (offset + bytes.length) % 3 === 0 ? text.length : text.length - 1
    // Where it is printed in lines, up to three of its characters may stand at the end of the line
    // before. (A long one shows itself by its other pieces.)
    const last = text.length > longestForm ? from : from + 3
    for (let start = from; start <= last; start++) {
      const form = text.slice(start, to)
      // Without its beginning a short form would be met by chance.
      if (form.length < (start === from ? shortest : start % 4 === 0 ? 8 : 12)) continue
      forms.add(form)
      forms.add(form.replaceAll('+', '-').replaceAll('/', '_'))
    }
  }
  return [...forms]
}
