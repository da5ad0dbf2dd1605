import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A TCP proxy that holds every byte for some time in each direction. */
export interface Delay {
  port: number
  /** Settles when nothing was on its way for a while. */
  quiet(): Promise<void>
  close(): Promise<void>
}

/** A delaying proxy on loopback to this port; `ms` is for one direction. */
export async function startDelay(port: number, ms: number): Promise<Delay> {
  const sockets = new Set<Socket>()
  let heard = performance.now()
  const pass = (from: Socket, to: Socket) => {
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (chunk) => {
      heard = performance.now()
      // Timers of one length end in the order in which they were set.
      setTimeout(() => void (to.writable && to.write(chunk)), ms)
    })
    from.on('error', () => {})
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    pass(near, far)
    pass(far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async quiet() {
      while (performance.now() - heard < ms * 6) await sleep(ms)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
