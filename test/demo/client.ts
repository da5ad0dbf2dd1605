import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import ssh2, { type Client } from 'ssh2'
import { parse } from 'yaml'

/** One host of the inventory file that a practice stack wrote. */
export interface Entry {
  address: string
  port: number
  user: string
  identity_file: string
  known_hosts: string
}

/** Reads the inventory as an operator's file. */
export function entryOf(inventoryFile: string, host: string): Entry {
  return parse(readFileSync(inventoryFile, 'utf8')).hosts[host]
}

/** Opens a connection that knows the host's key by the stack's known_hosts. */
export function connect(entry: Entry): Promise<Client> {
  const line = readFileSync(entry.known_hosts, 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`[${entry.address}]:${entry.port} `))
  const wanted = line?.split(' ')[2] ?? 'none'
  const client = new ssh2.Client()
  return new Promise((resolve, reject) => {
    client.once('ready', () => resolve(client.setNoDelay(true)))
    client.once('error', reject)
    client.connect({
      host: entry.address,
      port: entry.port,
      username: entry.user,
      privateKey: readFileSync(entry.identity_file),
      hostVerifier: (key: Buffer) => key.toString('base64') === wanted,
    })
  })
}

/** How a remote command ended, with all that it printed. */
export interface Ended {
  code: number | null
  signal?: string
  out: Buffer
  err: Buffer
}

/** Runs a command over an open connection; with `pauseMs` its outputs are read by turns, with pauses. */
export function exec(
  client: Client,
  command: string,
  stdin: string | Buffer = '',
  pauseMs = 0,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error)
      const out: Buffer[] = []
      const err: Buffer[] = []
      for (const [stream, chunks] of [
        [channel, out],
        [channel.stderr, err],
      ] as const) {
        stream.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          if (pauseMs === 0 || chunks.length % 100 !== 1) return
          stream.pause()
          setTimeout(() => stream.resume(), pauseMs)
        })
      }
      // The channel closes when its stdout was read; a paused stderr may still hold its last part then.
      const read = new Promise<void>((done) => channel.stderr.once('end', done))
      channel.on('close', async (code: number | null, signal?: string) => {
        await read
        resolve({ code, ...(signal ? { signal } : {}), out: Buffer.concat(out), err: Buffer.concat(err) })
      })
      channel.end(stdin)
    })
  })
}

/** Looks until something holds; fails after five seconds. */
export async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 5000
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`not within 5 s: ${what}`)
    await sleep(10)
  }
}
