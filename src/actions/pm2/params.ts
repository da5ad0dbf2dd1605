import * as z from 'zod'
import type { Around } from '../../model/action.ts'
import type { LookInput, Wanted } from '../../model/pm2/command.ts'
import { zPath, zPort, zSecretable } from '../../model/schema.ts'
import type { SecretRef } from '../../model/secret.ts'
import { isSecretSetting } from '../../model/secretShape.ts'

const variable = z.string().regex(/^[A-Za-z_]\w*$/, 'expected the name of an environment variable')
const word = z.string().regex(/^[^\u0000-\u001f]+$/, 'expected text without line breaks')

/** The parameters of `pm2.restart`. */
export const pm2Params = z.strictObject({
  name: word.describe('The name of the process in PM2'),
  script: word.describe('The program: an absolute path, or relative to cwd'),
  cwd: zPath.describe('The working directory'),
  env: z
    .record(variable, zSecretable)
    .optional()
    .describe('The environment that it needs, beside HOME, PATH and the like'),
  args: z
    .array(z.coerce.string())
    .optional()
    .describe('Arguments of the program; the former ones where absent'),
  interpreter: word.optional().describe('The interpreter; chosen by PM2 where absent'),
  keep_env: z.array(variable).optional().describe('Variables of the running process to keep'),
  port: zPort.optional().describe('The port that it must listen on; env.PORT where absent'),
  reads: z
    .array(zPath)
    .optional()
    .describe(
      'Files that the program reads at its start; one that changed since means a restart. .env in cwd where absent',
    ),
  pm2: word.default('pm2').describe('The pm2 command, by name or path'),
})

export type Pm2Params = z.infer<typeof pm2Params>

/** The port that the application must listen on, where it is known. */
export function portOf(p: Pm2Params): number | undefined {
  const port = p.port ?? (typeof p.env?.PORT === 'string' ? Number(p.env.PORT) : undefined)
  return port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
}

/** The files that the program reads at its start. */
export function readsOf(p: Pick<Pm2Params, 'reads' | 'cwd'>): string[] {
  return p.reads ?? [`${p.cwd.replace(/\/+$/, '')}/.env`]
}

/** The wanted variables for a script on the host, and the secrets that it reads from its environment. */
export function wantedOf(p: Pm2Params): { wanted: Wanted; secrets: Record<string, SecretRef> } {
  const wanted: Wanted = {}
  const secrets: Record<string, SecretRef> = {}
  for (const [index, [key, value]] of Object.entries(p.env ?? {}).entries()) {
    if (typeof value === 'string') wanted[key] = { value }
    else {
      secrets[`SITREP_PM2_${index}`] = value
      wanted[key] = { from: `SITREP_PM2_${index}` }
    }
  }
  return { wanted, secrets }
}

/** Wanted variables whose value may be shown, with that value. */
export function shownOf(p: Pm2Params, lists?: Around['lists']): Record<string, string> {
  const plain = Object.entries(p.env ?? {}).flatMap(([key, value]) =>
    typeof value === 'string' && !isSecretSetting(key, value, lists) ? [[key, value] as const] : [],
  )
  return Object.fromEntries(plain)
}

/** Tells the sinks the values that stand in clear in a runbook and are secret by their key, shape or list. */
export function learnLiterals(p: Pm2Params, around: Around): void {
  for (const [key, value] of Object.entries(p.env ?? {})) {
    if (typeof value !== 'string' || !isSecretSetting(key, value, around.lists)) continue
    around.learned(`${around.host.name}:pm2:${p.name}:${key}`, value)
  }
}

/** What the inspection and the verification ask the host. */
export function lookOf(
  p: Pm2Params,
  o: { lists?: Around['lists'] | undefined; errors?: number } = {},
): { input: LookInput; secrets: Record<string, SecretRef> } {
  const { wanted, secrets } = wantedOf(p)
  const port = portOf(p)
  const input: LookInput = {
    name: p.name,
    pm2: p.pm2,
    script: p.script,
    cwd: p.cwd,
    wanted,
    reads: readsOf(p),
    show: Object.keys(shownOf(p, o.lists)),
    ...(port === undefined ? {} : { port }),
    ...(o.errors === undefined ? {} : { errors: o.errors }),
  }
  return { input, secrets }
}
