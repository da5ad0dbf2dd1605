/** A TCP socket that listens; `process` where the user may see it. */
export interface Listener {
  address: string
  port: number
  process?: string
}

/** Lists the listening sockets with what the host has: ss, /proc, or netstat. The first line says which. */
export const listenersScript =
  'if command -v ss >/dev/null 2>&1; then echo ss; ss -Hltnp; ' +
  'elif [ -r /proc/net/tcp ]; then echo proc; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; ' +
  'else echo netstat; netstat -an -p tcp; fi'

function fromSs(line: string): Listener[] {
  const local = line.trim().split(/\s+/)[3]
  const match = /^(.*):(\d+)$/.exec(local ?? '')
  if (!match) return []
  const user = /users:\(\("([^"]*)",pid=(\d+)/.exec(line)
  const address = match[1]!.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  return [{ address, port: Number(match[2]), ...(user ? { process: `${user[1]}, pid ${user[2]}` } : {}) }]
}

/** The kernel writes addresses as 32-bit words in host order, which is little-endian on all that we meet. */
function address(hex: string): string {
  const bytes = hex.match(/../g)!.map((byte) => Number.parseInt(byte, 16))
  const words = Array.from({ length: bytes.length / 4 }, (_, word) =>
    bytes.slice(word * 4, word * 4 + 4).reverse(),
  ).flat()
  if (words.length === 4) return words.join('.')
  if (words.slice(0, 10).every((byte) => byte === 0) && words[10] === 255) return words.slice(12).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((words[i * 2]! << 8) | words[i * 2 + 1]!).toString(16))
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}

function fromProc(line: string): Listener[] {
  const [, local = '', , state] = line.trim().split(/\s+/)
  const match = /^([0-9A-F]+):([0-9A-F]{4})$/.exec(local)
  if (state !== '0A' || !match) return []
  return [{ address: address(match[1]!), port: Number.parseInt(match[2]!, 16) }]
}

function fromNetstat(line: string): Listener[] {
  const [proto = '', , , local = '', , state] = line.trim().split(/\s+/)
  const match = /^(.*)[.:](\d+)$/.exec(local)
  if (!proto.startsWith('tcp') || state !== 'LISTEN' || !match) return []
  return [{ address: match[1]!, port: Number(match[2]) }]
}

const parsers: Record<string, (line: string) => Listener[]> = {
  ss: fromSs,
  proc: fromProc,
  netstat: fromNetstat,
}

/** The listening sockets in the output of `listenersScript`; undefined where it is not that. */
export function parseListeners(text: string): Listener[] | undefined {
  const [which = '', ...lines] = text.split('\n')
  const parse = parsers[which.trim()]
  return parse === undefined ? undefined : lines.flatMap(parse)
}

const everywhere = new Set(['*', '0.0.0.0', '::'])

/** True where a socket takes connections for the wanted address: its own, or one that stands for all. */
export function covers(listener: Listener, wanted: string): boolean {
  if (listener.address === wanted) return true
  if (listener.address === '0.0.0.0') return !wanted.includes(':')
  return everywhere.has(listener.address)
}
