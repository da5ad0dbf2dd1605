import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { execa } from 'execa'
import { expect } from 'vitest'

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server, 0)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Listens on all addresses; the port. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve) => {
    server.listen(port, '0.0.0.0', () => resolve((server.address() as { port: number }).port))
  })
}

/** A private Caddy on high ports with its own home; ends when it goes out of scope. */
export interface PrivateCaddy extends AsyncDisposable {
  admin: string
  port: number
  /** Its Caddyfile with these sites, as `site('a.test')`; the global options are added. */
  file(...sites: string[]): string
  site(host: string, body?: string): string
  get(host: string): Promise<string>
}

/** Starts Caddy with a Caddyfile at `path` that serves `hosts`. */
export async function privateCaddy(dir: string, path: string, hosts: string[]): Promise<PrivateCaddy> {
  const [adminPort, port] = [await freePort(), await freePort()]
  const admin = `localhost:${adminPort}`
  const site = (host: string, body = host) => `http://${host}:${port} {\n\trespond "${body}"\n}\n`
  const file = (...sites: string[]) =>
    `{\n\tadmin ${admin}\n\tauto_https off\n\tstorage file_system ${dir}/storage\n}\n${sites.join('')}`
  await writeFile(path, file(...hosts.map((host) => site(host))))
  const child = execa('caddy', ['run', '--config', path, '--adapter', 'caddyfile'], {
    env: { HOME: dir, XDG_CONFIG_HOME: `${dir}/config`, XDG_DATA_HOME: `${dir}/data` },
    stdout: 'ignore',
    stderr: 'ignore',
    stdin: 'ignore',
    reject: false,
  })
  const answers = () =>
    fetch(`http://${admin}/config/`).then(
      ({ status }) => status,
      () => 0,
    )
  await expect.poll(answers, { timeout: 10_000 }).toBe(200)
  return {
    admin,
    port,
    file,
    site,
    get: async (host) => {
      const { stdout } = await execa('curl', [
        '-sS',
        '-H',
        `Host: ${host}:${port}`,
        `http://127.0.0.1:${port}/`,
      ])
      return stdout
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await child
    },
  }
}
