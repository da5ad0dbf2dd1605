import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml'
import type { Finding, Position } from './runbook.ts'

/** What a file that a person wrote may hold at most; more is refused before it is parsed. */
export const sourceLimits = {
  bytes: 512 * 1024,
  depth: 32,
  keys: 5000,
  aliases: 50,
  tokens: 40_000,
  findings: 100,
}

/** A parsed YAML file that still knows where each value stands. */
export interface Source {
  file: string
  /** Plain values; undefined where the file could not be read as YAML at all. */
  value: unknown
  findings: Finding[]
  /** Where the value at a path stands; the nearest enclosing one where there is none. */
  locate(path: readonly PropertyKey[]): Position
  /** Where the key of the value at a path stands. */
  locateKey(path: readonly PropertyKey[]): Position
  /** Where a piece of the text at a path begins; the text's own place where it is not written out as such. */
  locateIn(path: readonly PropertyKey[], piece: string): Position
}

/** Decodes and parses a YAML file strictly (core schema 1.2): limits first, then every mistake with its position. */
export function parseSource(input: Uint8Array | string, file: string): Source {
  const bytes = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength
  if (bytes > sourceLimits.bytes)
    return broken(file, `the file has ${bytes} bytes; at most ${sourceLimits.bytes} are read`)
  const text = typeof input === 'string' ? input.replace(/^\uFEFF/, '') : decode(input)
  if (text === undefined) return broken(file, 'the file is not valid UTF-8')
  const lines = new LineCounter()
  lines.lineStarts = lineStarts(text)
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const control = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/.exec(text)
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    return broken(file, `the control character U+${code} may not stand here`, at(control.index))
  }
  const excess = exceeded(text)
  if (excess) return broken(file, excess.message, at(excess.offset))
  try {
    return read(text, file, at)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return broken(file, 'the file is nested too deep')
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1)
  return starts
}

function broken(file: string, message: string, at: Position = { file, line: 1, column: 1 }): Source {
  return {
    file,
    value: undefined,
    findings: [{ at, message, level: 'error' }],
    locate: () => at,
    locateKey: () => at,
    locateIn: () => at,
  }
}

/**
 * Counts what makes parsing slow or deep, on the lexer's tokens, before anything is built: the parser recurses on
 * nesting, and aliases multiply.
 */
function exceeded(text: string): { message: string; offset: number } | undefined {
  let [offset, flow, inLine, keys, aliases, tokens] = [0, 0, 0, 0, 0, 0]
  for (const token of new Lexer().lex(text)) {
    tokens += 1
    const first = token[0]
    if (token === '[' || token === '{') flow += 1
    else if (token === ']' || token === '}') flow -= 1
    else if (token === '-' || token === '?') inLine += 1
    else if (token === ':') keys += 1
    else if (first === '*') aliases += 1
    else if (first === '\n' || first === '\r') inLine = 0
    if (flow > sourceLimits.depth || inLine > sourceLimits.depth)
      return { message: `nested deeper than ${sourceLimits.depth} levels`, offset }
    if (keys > sourceLimits.keys) return { message: `more than ${sourceLimits.keys} keys`, offset }
    if (aliases > sourceLimits.aliases)
      return { message: `more than ${sourceLimits.aliases} aliases`, offset }
    if (tokens > sourceLimits.tokens) return { message: 'the file is too large: too many values', offset }
    // The lexer's own marks (BOM, document, flow end, scalar) have no text.
    if (!/^[\u0002\u0018\u001F\uFEFF]$/.test(token)) offset += token.length
  }
  return undefined
}

function read(text: string, file: string, at: (offset: number) => Position): Source {
  const document = parseDocument(text, {
    uniqueKeys: false,
    prettyErrors: false,
    version: '1.2',
    schema: 'core',
    merge: false,
  })
  const findings: Finding[] = []
  const add = (level: Finding['level'], offset: number, message: string) =>
    findings.push({ at: at(offset), message, level })
  if (document.directives.yaml.explicit && document.directives.yaml.version !== '1.2') {
    add(
      'error',
      Math.max(text.indexOf('%YAML'), 0),
      `%YAML ${document.directives.yaml.version} is not read: it changes what "no" and "012" mean; remove the line`,
    )
    return { ...broken(file, ''), findings }
  }
  for (const problem of [...document.errors, ...document.warnings]) {
    add('error', problem.pos[0], plainMessage(problem.code, problem.message))
    if (findings.length >= sourceLimits.findings) break
  }
  const locate = locator(document, text, at)
  if (document.errors.length > 0) return { file, value: undefined, findings, ...locate }
  const value = toValue(document.contents, { document, add, depth: 0, budget: { values: 20_000 } })
  return { file, value, findings, ...locate }
}

function plainMessage(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'the file holds more than one document (---); only one is read'
  if (code === 'TAB_AS_INDENT') return 'a tab can not indent; use spaces'
  return message.split('\n')[0]!
}

interface Reading {
  document: Document
  add(level: Finding['level'], offset: number, message: string): void
  depth: number
  budget: { values: number }
}

function toValue(node: unknown, reading: Reading): unknown {
  if (!isNode(node)) return node ?? null
  const offset = node.range?.[0] ?? 0
  reading.budget.values -= 1
  if (reading.budget.values === 0)
    reading.add('error', offset, 'too many values, counting what aliases repeat')
  if (reading.budget.values <= 0) return null
  if (reading.depth > sourceLimits.depth) {
    reading.add('error', offset, `nested deeper than ${sourceLimits.depth} levels`)
    return null
  }
  const deeper = { ...reading, depth: reading.depth + 1 }
  if (isAlias(node)) {
    const target = node.resolve(reading.document)
    if (target) return toValue(target, deeper)
    reading.add('error', offset, `the alias *${node.source} has no anchor`)
    return null
  }
  if (isScalar(node)) return toScalar(node.value, node.source, offset, reading)
  if (isSeq(node)) return node.items.map((item) => toValue(item, deeper))
  return isMap(node) ? toMap(node, deeper) : null
}

function toScalar(value: unknown, source: string | undefined, offset: number, reading: Reading): unknown {
  if (typeof value !== 'number' || source === undefined) return value
  const read =
    /^[-+]?0\d/.test(source) || /^[-+]?\d+\.\d*0$/.test(source) || !Number.isSafeInteger(Math.trunc(value))
  if (read)
    reading.add(
      'warning',
      offset,
      `${source} is read as the number ${value}; put quotes around it if it is text`,
    )
  return value
}

function toMap(
  node: { items: readonly { key: unknown; value: unknown }[] },
  reading: Reading,
): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  const seen = new Set<string>()
  for (const { key, value } of node.items) {
    const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0
    const name =
      isScalar(key) && (typeof key.value === 'string' || typeof key.value === 'number')
        ? String(key.source ?? key.value)
        : undefined
    if (name === undefined) reading.add('error', offset, 'a key must be text; put quotes around it')
    else if (name === '__proto__') reading.add('error', offset, 'this key is not allowed')
    else if (seen.has(name)) reading.add('error', offset, `the key "${name}" stands here a second time`)
    else map[name] = toValue(value, reading)
    if (name !== undefined) seen.add(name)
  }
  return map
}

type Locator = Pick<Source, 'locate' | 'locateKey' | 'locateIn'>

function locator(document: Document, text: string, at: (offset: number) => Position): Locator {
  const find = (path: readonly PropertyKey[]): { key: number; value: number; end: number } => {
    let node: unknown = document.contents
    const [start = 0, end = 0] = isNode(node) && node.range ? node.range : []
    let found = { key: start, value: start, end }
    for (const part of path) {
      const from: Node | undefined = isAlias(node) ? node.resolve(document) : isNode(node) ? node : undefined
      const pair = isMap(from) ? from.items.find(({ key }) => keyName(key) === String(part)) : undefined
      node = isSeq(from) ? from.items[Number(part)] : pair?.value
      const key = pair && isNode(pair.key) ? pair.key.range : undefined
      const value = isNode(node) && node.range && node.range[1] > node.range[0] ? node.range : key
      if (!value) break
      found = { key: (key ?? value)[0], value: value[0], end: value[1] }
    }
    return found
  }
  return {
    locate: (path) => at(find(path).value),
    locateKey: (path) => at(find(path).key),
    locateIn: (path, piece) => {
      const { value, end } = find(path)
      const inside = text.slice(value, end).indexOf(piece)
      return at(value + Math.max(inside, 0))
    },
  }
}

function keyName(key: unknown): string | undefined {
  return isScalar(key) ? String(key.source ?? key.value) : undefined
}
