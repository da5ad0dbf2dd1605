import { randomBytes } from 'node:crypto'

/*
 * What a command prints and what our own wrapper on the host has to say share two streams. The wrapper's words are marks:
 * `NONCE:name value\n`, where NONCE is drawn for this one channel, so that no output can be taken for one. Example:
 *
 *     Welcome to core-1.            banner of a login shell: dropped, for it stands before `begin`
 *     3f…9c:begin 4711              the process group
 *     3f…9c:ask                     sudo's own prompt (`sudo -p`)
 *     3f…9c:started                 the command runs, sudo asks no more
 *     hello                         what the command printed
 */

/** 128 random bits as hex. */
export const drawNonce = (): string => randomBytes(16).toString('hex')

/** A mark's longest text after the nonce. */
const longest = 1024

/** Takes marks out of one stream. */
export interface MarkFilter {
  /** With `until`, gives what follows that mark once it came: it is no longer this filter's. */
  write(chunk: Uint8Array): Uint8Array | undefined
  /** Passes on what was held back. */
  end(): void
  /** What stood before `begin`, its first part, for an error message. */
  before(): string
}

/** A filter that tells marks to `onMark` and all the rest to `onData`; with `begin`, only what follows that mark. */
export function createMarkFilter(
  nonce: string,
  o: {
    begin: boolean
    /** The name of the mark that is the last of this stream. */
    until?: string
    onMark(name: string, value: string): void
    onData(chunk: Uint8Array): void
  },
): MarkFilter {
  const token = Buffer.from(`${nonce}:`)
  let held: Buffer = Buffer.alloc(0)
  let begun = !o.begin
  let before = ''
  let over = false
  const pass = (data: Uint8Array) => {
    if (data.length === 0) return
    if (begun) o.onData(data)
    else if (before.length < longest) before += Buffer.from(data).toString('utf8')
  }
  const next = (): boolean => {
    const at = held.indexOf(token)
    if (at < 0) {
      const keep = partial(held, token)
      pass(held.subarray(0, held.length - keep))
      held = held.subarray(held.length - keep)
      return false
    }
    pass(held.subarray(0, at))
    held = held.subarray(at)
    const stop = held.indexOf(10)
    if (stop < 0 && held.length < longest) return false
    const text = held.toString('utf8', token.length, stop < 0 ? longest : stop)
    const [, name, value] = /^([a-z-]{1,20})(?: (.*))?$/.exec(text) ?? []
    if (stop < 0 || stop > longest || name === undefined) {
      // The token without a mark's form: nobody of ours wrote it.
      pass(held.subarray(0, token.length))
      held = held.subarray(token.length)
      return true
    }
    held = held.subarray(stop + 1)
    if (name === 'begin') begun = true
    over = name === o.until
    o.onMark(name, value ?? '')
    return !over
  }
  return {
    write(chunk) {
      held = held.length === 0 ? view(chunk) : Buffer.concat([held, chunk])
      while (next());
      if (!over) return undefined
      const rest = held
      held = Buffer.alloc(0)
      return rest
    },
    end() {
      pass(held)
      held = Buffer.alloc(0)
    },
    before: () => before,
  }
}

/** How many bytes at the end of the data could be the beginning of the token. */
function partial(data: Buffer, token: Buffer): number {
  for (let length = Math.min(token.length - 1, data.length); length > 0; length--) {
    if (data.subarray(data.length - length).equals(token.subarray(0, length))) return length
  }
  return 0
}

const view = (chunk: Uint8Array): Buffer => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
