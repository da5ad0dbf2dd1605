import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A TCP proxy that counts round trips, and no time: it lets all that the client has said go to the host at once, waits until
 * the host has said all that it has to say to that, gives it to the client, and so on. What takes one round trip over any link
 * ends after one such exchange, however slow the machine is.
 */
export interface Lockstep {
  port: number
  /** Exchanges so far: how often the client's words were let go. */
  trips(): number
  /** Settles when nobody has had anything to say for a while. */
  idle(): Promise<void>
  close(): Promise<void>
}

/** A host that is not at work has said all that it has to say when it was silent for so long, in milliseconds. */
const silence = 80

/** The client may be writing its journal between two words of one turn. */
const clientSilence = 400

/** True while a process of a host works or waits for a processor: one whose environment holds this text. */
function working(mark: string): boolean {
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false
    try {
      const state = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '')[0]
      if (state !== 'R' && state !== 'D') return false
      const command = readFileSync(`/proc/${pid}/comm`, 'latin1').trim()
      return command.startsWith('sshd') || readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)
    } catch {
      return false
    }
  })
}

/** A counting proxy on loopback to this port; `mark` is a text in the environment of all commands of that host. */
export async function startLockstep(port: number, mark: string): Promise<Lockstep> {
  const sockets = new Set<Socket>()
  let trips = 0
  let heard = performance.now()
  const link = async (near: Socket) => {
    const far = connect(port, '127.0.0.1')
    const said = { near: [] as Buffer[], far: [] as Buffer[] }
    let open = true
    let wake = () => {}
    const listen = (from: Socket, to: Socket, chunks: Buffer[]) => {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        heard = performance.now()
        wake()
      })
      from.on('error', () => {})
      from.on('close', () => {
        open = false
        sockets.delete(from)
        to.destroy()
        wake()
      })
    }
    listen(near, far, said.near)
    listen(far, near, said.far)
    while (open) {
      if (said.near.length + said.far.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        await promise
      }
      while (open && performance.now() - heard < (said.far.length > 0 ? silence : clientSilence)) {
        await sleep(silence / 8)
        if (working(mark)) heard = performance.now()
      }
      if (said.far.length > 0) near.write(Buffer.concat(said.far.splice(0)))
      else if (said.near.length > 0) {
        trips++
        far.write(Buffer.concat(said.near.splice(0)))
      }
      heard = performance.now()
    }
  }
  const server = createServer((near) => void link(near))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    trips: () => trips,
    async idle() {
      while (performance.now() - heard < clientSilence * 2) await sleep(silence)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
