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

/** All forms of a secret value: plain, per line, base64 at three offsets, URL, JSON, shell-quoted. */
export function formsOf(value: string): Forms {
  const plain = new Set<string>()
  const add = (text: string) => {
    if (text.length >= shortest) plain.add(text)
  }
  const values = new Set([value, value.replaceAll('\r\n', '\n'), value.replace(/\s+$/, '')])
  for (const one of values) {
    for (const form of [one, ...jsonForms(one), ...urlForms(one), ...shellForms(one)]) {
      add(form)
      // The redactor stands behind the sanitiser: it sees what that makes of the value.
      add(inert(form))
    }
  }
  const lines = value.split(/\r?\n/).map((line) => line.trim())
  if (lines.length > 1) {
    for (const line of lines) if (line.length >= longLine && !/^-+(BEGIN|END) /.test(line)) add(line)
  }
  return { plain: [...plain], base64: base64Forms(value) }
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
  const strict = component.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const form = new URLSearchParams({ v: whole }).toString().slice(2)
  const upper = [component, strict, form, encodeURI(whole)]
  return [...upper, ...upper.map((text) => text.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()))]
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
 * Where the first or last group is shared with neighbours, both the form with the whole groups only and the form with
 * what is certain of the shared ones are looked for.
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
    for (const start of [from, Math.ceil(from / 4) * 4]) {
      const form = text.slice(start, to)
      // Without its shared first group a short form would be met by chance.
      if (form.length < (start === from ? shortest : 8)) continue
      forms.add(form)
      forms.add(form.replaceAll('+', '-').replaceAll('/', '_'))
    }
  }
  return [...forms]
}
