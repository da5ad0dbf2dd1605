import { isUtf8 } from 'node:buffer'

/**
 * Turns bytes into text, over any chunking. A byte that is not UTF-8 becomes the lone surrogate U+DC00 + byte (as
 * Python's surrogateescape does), which valid UTF-8 never gives; the next part of the pipe shows it as `‹0xFF›`.
 */
export interface Decoder {
  push(chunk: Uint8Array): string
  end(): string
}

/** The code unit that stands for the byte 0 when it is invalid. */
export const invalidByte = 0xdc00

export function createDecoder(): Decoder {
  let tail = Buffer.alloc(0)
  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      const all = tail.length === 0 ? bytes : Buffer.concat([tail, bytes])
      const whole = all.length - unfinished(all)
      tail = whole === all.length ? Buffer.alloc(0) : Buffer.from(all.subarray(whole))
      return decode(all.subarray(0, whole))
    },
    end() {
      const rest = decode(tail)
      tail = Buffer.alloc(0)
      return rest
    },
  }
}

/** How many bytes at the end may be the beginning of a character: 0 to 3. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return widthOf(byte) > back ? back : 0
  }
  return 0
}

/** The bytes of the character that a lead byte begins; 1 for a byte that begins none. */
function widthOf(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2
  if (lead >= 0xe0 && lead <= 0xef) return 3
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 1
}

function decode(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let text = ''
  let plain = 0
  for (let at = 0; at < bytes.length; ) {
    const width = widthAt(bytes, at)
    if (width > 0) {
      at += width
      continue
    }
    if (plain < at) text += bytes.toString('utf8', plain, at)
    text += String.fromCharCode(invalidByte + bytes[at]!)
    plain = ++at
  }
  return plain < bytes.length ? text + bytes.toString('utf8', plain) : text
}

/** The bytes of the whole and valid character at `at`; 0 where none begins there. */
function widthAt(bytes: Buffer, at: number): number {
  const lead = bytes[at]!
  if (lead < 0x80) return 1
  const width = widthOf(lead)
  if (width === 1 || at + width > bytes.length) return 0
  for (let next = 1; next < width; next++) if ((bytes[at + next]! & 0xc0) !== 0x80) return 0
  // No longer form than needed, no surrogate, nothing past U+10FFFF.
  const second = bytes[at + 1]!
  if (lead === 0xe0 && second < 0xa0) return 0
  if (lead === 0xed && second > 0x9f) return 0
  if (lead === 0xf0 && second < 0x90) return 0
  return lead === 0xf4 && second > 0x8f ? 0 : width
}
