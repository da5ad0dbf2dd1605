// The one pipe for text from outside: decode → make inert → redact. Every sink stands behind it: screen, journal, log
// files, artifacts, exports, error messages.
import type { SecretStore } from '../model/secret.ts'
import { createInert, inert } from './inert.ts'
import { createLines } from './lines.ts'
import { createRedactor } from './redact.ts'
import { isMark, isNoSecret, isSecretHeader, isTelling } from './telling.ts'

/** Takes bytes as they come; lines or text come out. */
export interface ByteSink {
  push(chunk: Uint8Array): void
  end(): void
}

/** The pipe of one incident: one for all sinks, so that they all learn a secret at once. */
export interface Pipe {
  /** A stream split into clean lines, each cut at `longest` characters (16,384 where absent) with its length told. */
  lines(onLine: (line: string) => void, o?: { longest?: number }): ByteSink
  /** A stream of clean text, nothing cut; for files and artifacts. */
  stream(onText: (text: string) => void): ByteSink
  /** A whole output. */
  bytes(bytes: Uint8Array): string
  /** One field. */
  text(text: string): string
  /** A JSON value with every string in it clean, keys too, and values of telling keys hidden. */
  deep<T>(value: T): T
}

/** Makes the pipe; the secrets are those registered now and later. */
export function createPipe(secrets: Pick<SecretStore, 'entries' | 'onRegister'>): Pipe {
  const redactor = createRedactor(secrets)

  function stream(onText: (text: string) => void): ByteSink {
    const [sanitiser, hiding] = [createInert(), redactor.stream()]
    const give = (text: string) => {
      if (text !== '') onText(text)
    }
    return {
      push: (chunk) => give(hiding.push(sanitiser.push(chunk))),
      end: () => give(hiding.push(sanitiser.end()) + hiding.end()),
    }
  }

  const text = (value: string): string => redactor.redact(inert(value))

  return {
    stream,
    text,
    lines(onLine, o = {}) {
      const lines = createLines(onLine, { longest: o.longest ?? 16_384 })
      const bytes = stream((clean) => lines.push(clean))
      return {
        push: bytes.push,
        end() {
          bytes.end()
          lines.end()
        },
      }
    },
    bytes(bytes) {
      const parts: string[] = []
      const sink = stream((clean) => parts.push(clean))
      sink.push(bytes)
      sink.end()
      return parts.join('')
    },
    deep: (value) => clean(value, text) as typeof value,
  }
}

function clean(value: unknown, text: (value: string) => string, key = ''): unknown {
  if (typeof value === 'string') return hideNamed(key, text(value))
  if (Array.isArray(value)) return value.map((entry) => clean(entry, text))
  if (typeof value !== 'object' || value === null) return value
  // A pair such as { key: 'DB_PASSWORD', value: '…' } names its value beside it.
  const { key: paired } = value as { key?: unknown }
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => {
      const about = name === 'value' && typeof paired === 'string' ? paired : name
      return [text(name), clean(entry, text, about)]
    }),
  )
}

/** A parsed object has lost the `KEY=` that told of its value. A reference to a secret (`{ secret: NAME }`) is none. */
function hideNamed(key: string, value: string): string {
  if (key === '' || key === 'secret' || isMark(value)) return value
  const tells = isSecretHeader(key) || (isTelling(key) && !isNoSecret(value))
  return tells && value !== '' ? '‹redacted:value›' : value
}
