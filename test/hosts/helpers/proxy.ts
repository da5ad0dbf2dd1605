import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy between a client and a host: the link that a test cuts. */
export interface Link {
  port: number
  /** Ends every connection at once, without a goodbye. */
  cut(): void
  /** Holds all bytes back, as a link does that drops packets; and lets them go again. */
  hold(on: boolean): void
  /** Holds all bytes back as soon as the client sends some while this is true, and those too. */
  holdOnce(when: () => boolean): void
  /** Lets this many bytes more pass from the client on, and then no more. */
  allow(bytes: number): void
  /** Ends each new connection as soon as it comes, as a host does that is not there. */
  refuse(on: boolean): void
  close(): Promise<void>
}

/** A proxy on loopback to this port, of this machine where no address is given. */
export async function startProxy(port: number, address = '127.0.0.1'): Promise<Link> {
  const pairs = new Set<[Socket, Socket]>()
  let held = false
  let refused = false
  let left = Number.POSITIVE_INFINITY
  let holds = () => false
  const server = createServer((near) => {
    if (refused) {
      near.on('error', () => {})
      return near.resetAndDestroy()
    }
    const far = connect(port, address)
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    for (const [from, to] of [pair, pair.toReversed()] as [Socket, Socket][]) {
      from.on('data', (chunk) => {
        if (from === near) {
          if (!held && holds()) hold(true)
          if (held) return void from.unshift(chunk)
          const part = chunk.subarray(0, left)
          left -= part.length
          if (part.length > 0) to.write(part)
        } else to.write(chunk)
      })
      from.on('error', () => {})
      from.on('close', () => {
        to.destroy()
        pairs.delete(pair)
      })
    }
    if (held) for (const socket of pair) socket.pause()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy()
  }
  const hold = (on: boolean) => {
    held = on
    if (!on) holds = () => false
    for (const pair of pairs) for (const socket of pair) on ? socket.pause() : socket.resume()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    allow(bytes) {
      left = bytes
    },
    refuse(on) {
      refused = on
    },
    hold,
    holdOnce(when) {
      holds = when
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
