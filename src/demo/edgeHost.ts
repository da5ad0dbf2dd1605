import { spawn } from 'node:child_process'
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { demoAssets } from './assets.ts'
import type { ShellPlace } from './exec.ts'
import { word, writeProgram } from './place.ts'
import { ended, endProcess } from './processes.ts'
import { until } from './wait.ts'

/** The practice proxy on its host. */
export interface EdgeProxy {
  port: number
  pid: number
  /** The configuration that the project manages, and the one in effect. */
  source: string
  effective: string
  log: string
  stop(): Promise<void>
}

/** The site whose block is missing from the effective configuration. */
const lostSite = 'ops.example.net'

/**
 * Installs a small proxy whose effective configuration has drifted from the project's: one site block is missing.
 * `edge-validate FILE` and `edge-reload` are on the host's PATH, as `caddy validate` and a reload would be.
 */
export async function startEdge(place: ShellPlace): Promise<EdgeProxy> {
  const home = place.cwd
  const files = { source: join(home, 'proxy', 'Caddyfile'), effective: join(home, 'etc', 'Caddyfile') }
  const state = join(home, 'run', 'edge')
  const log = join(home, 'log', 'edge.log')
  for (const folder of ['proxy', 'etc', 'run', 'log', 'lib']) mkdirSync(join(home, folder))
  cpSync(join(demoAssets(), 'edge'), join(home, 'lib'), { recursive: true })
  const managed = readFileSync(join(demoAssets(), 'edge', 'Caddyfile'), 'utf8')
  writeFileSync(files.source, managed)
  writeFileSync(files.effective, withoutSite(managed, lostSite))
  writeProgram(join(home, 'bin', 'edge-validate'), [
    `exec node ${word(join(home, 'lib', 'validate.mjs'))} "$1"`,
  ])
  writeProgram(join(home, 'bin', 'edge-reload'), [`read -r pid port <${word(state)} && kill -HUP "$pid"`])
  const output = openSync(log, 'a', 0o600)
  const child = spawn(process.execPath, [join(home, 'lib', 'server.mjs'), files.effective, state], {
    ...place,
    detached: true,
    stdio: ['pipe', output, output],
  })
  closeSync(output)
  child.stdin?.on('error', () => {})
  const pid = child.pid
  const stop = async () => {
    if (pid !== undefined) await Promise.all([endProcess(pid), ended(child)])
  }
  try {
    const port = await until('the practice proxy listens', async () => {
      if (child.exitCode !== null) throw new Error(await readFile(log, 'utf8'))
      return Number((await readFile(state, 'utf8')).split(' ')[1]) || undefined
    })
    return { ...files, port, pid: pid ?? 0, log, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The configuration without one site's block: its first line to the next closing brace at the margin. */
function withoutSite(text: string, site: string): string {
  const lines = text.split('\n')
  const from = lines.indexOf(`${site} {`)
  const to = lines.indexOf('}', from)
  return [...lines.slice(0, from), ...lines.slice(to + 1)].join('\n').replace(/\n+$/, '\n')
}
