/**
 * A text as bytes, for searches that look at each character: the low byte of each UTF-16 unit, so what is searched for is
 * to be compared with the text itself where its bytes are found. Reading bytes is about twice as fast as reading the
 * characters of a string, which may be one of several kinds inside.
 */
export interface Codes {
  bytes: Uint8Array
  /** The same bytes two by two, each pair as the number that the machine makes of it (`pairOf`). */
  pairs: Uint16Array
  /** How many bytes belong to the text; what stands behind them is of another text. */
  length: number
}

let scratch = Buffer.alloc(0)
let codes: Codes = { bytes: scratch, pairs: new Uint16Array(0), length: 0 }

/** The codes of a text; they hold until the next call. */
export function codesOf(text: string): Codes {
  if (text.length > scratch.length) {
    const memory = new ArrayBuffer(2 ** Math.ceil(Math.log2(Math.max(text.length, 65_536))))
    scratch = Buffer.from(memory)
    codes = { bytes: new Uint8Array(memory), pairs: new Uint16Array(memory), length: 0 }
  }
  codes.length = scratch.write(text, 'latin1')
  return codes
}

const pair = new Uint16Array(1)
const pairBytes = new Uint8Array(pair.buffer)

/** The number of a pair of characters, as `Codes.pairs` has it. */
export function pairOf(text: string, at: number): number {
  pairBytes[0] = text.charCodeAt(at)
  pairBytes[1] = text.charCodeAt(at + 1)
  return pair[0]!
}
