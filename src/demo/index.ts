import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { demoAssets } from './assets.ts'
import { allowedOrigin, appName } from './coreHost.ts'
import { type StackOptions, startStack } from './stack.ts'

/** A running practice outage: what the ordinary console or a headless run needs to work on it. */
export interface Demo {
  /** The stack's temporary folder; gone after `stop`. */
  folder: string
  inventoryFile: string
  runbookFile: string
  /** The runbook's parameters for this run, as `--param` would give them; the secret one names its file. */
  params: Record<string, string>
  /**
   * Where state is kept, as SITREP_HOME names it. It is the user's ordinary one, not the stack's folder: the practice
   * incident stays, so that the path of its postmortem holds, and `timeline`, `verify` and `export` work on it.
   */
  home: string
  title: string
  severity: 'sev2'
  /** Ends every process of the practice stack and removes its folder; may be called more than once. */
  stop(): Promise<void>
}

/**
 * Starts the practice outage: two SSH hosts on loopback with a real service under PM2 and a proxy, each with its
 * fault in place. The caller calls `stop` at its end and on SIGINT and SIGTERM; should this process be killed, a
 * keeper takes the stack down. Throws SitrepError('usage') where PM2 is not installed.
 */
export async function startDemo(options: StackOptions = {}): Promise<Demo> {
  const { folder, inventoryFile, core, edge, stop } = await startStack(options)
  const password = join(folder, 'password')
  writeFileSync(password, `${randomBytes(12).toString('base64url')}\n`, { mode: 0o600 })
  return {
    folder,
    inventoryFile,
    runbookFile: join(demoAssets(), 'runbooks', 'practice-outage.yaml'),
    params: {
      app: appName,
      core_dir: core.dir,
      core_port: String(core.port),
      edge_source: edge.source,
      edge_config: edge.effective,
      edge_port: String(edge.port),
      edge_log: edge.log,
      password: `@${password}`,
      origin: allowedOrigin,
    },
    home: stateHome(process.env),
    title: 'Practice: logins answer 500, ops.example.net answers 404',
    severity: 'sev2',
    stop,
  }
}

function stateHome(env: NodeJS.ProcessEnv): string {
  return env.SITREP_HOME || join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'sitrep')
}
