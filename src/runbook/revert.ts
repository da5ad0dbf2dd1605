import { zDuration } from '../model/schema.ts'
import type { Checking } from './parts.ts'
import { isMap } from './parts.ts'
import { findTemplates } from './template.ts'

/** Actions whose changes a host can take back by itself. */
const revertable = ['file.sync', 'caddy.sync', 'env.set', 'nginx.*', 'shell']

/** What a reload may take where nothing is said, in seconds: of an action that has one, and of any other command. */
const reloadSeconds = 30
const commandSeconds = 60

/** Checks `revert_after` of one step: its action can go back, in time, and without a secret. */
export function checkRevert(
  { source, findings, kinds, names }: Checking,
  step: Record<string, unknown>,
  index: number,
): void {
  if (!('revert_after' in step) || typeof step.uses !== 'string') return
  const action = kinds.actions.find(({ name }) => name === step.uses)
  if (action === undefined) return
  const path = ['steps', index]
  const block = isMap(step.with) ? step.with : {}
  const problem = cannotRevert(action.name, block)
  if (problem !== undefined) {
    findings.error(source.locateKey([...path, 'revert_after']), `revert_after: ${problem}`)
    return
  }
  for (const key of ['undo', 'reload']) {
    const secret = secretIn(block[key], names.params)
    if (secret === undefined) continue
    const message = `revert_after: {{ params.${secret} }} is secret, and a secret is never left on a host for later`
    findings.error(source.locate([...path, 'with', key]), message)
  }
  const after = seconds(step.revert_after)
  if (after === undefined) return
  const within = seconds(step.within) ?? action.within ?? 0
  const settle = seconds(step.settle) ?? action.settle ?? 0
  const least = within + settle + commandTime(action.name, step, block)
  if (after > least) return
  findings.error(
    source.locate([...path, 'revert_after']),
    `revert_after must be longer than the step may take: ${least} s (within ${within} s, settle ${settle} s, its command ${least - within - settle} s)`,
  )
}

function cannotRevert(name: string, block: Record<string, unknown>): string | undefined {
  if (name === 'nginx.reload')
    return 'a reload leaves nothing to put back; say it on the step that changes the file, with the reload in it'
  if (name === 'shell') return block.undo === undefined ? 'shell needs an undo for it' : undefined
  if (revertable.includes(name) || name.startsWith('nginx.')) return undefined
  return `${name} can't go back by itself; ${revertable.join(', ')} can`
}

/** The longest that the last command of the step may take: its reload, or the command itself. */
function commandTime(name: string, step: Record<string, unknown>, block: Record<string, unknown>): number {
  const own = seconds(block.reload_timeout)
  if (own !== undefined) return own
  if (name === 'caddy.sync' || name.startsWith('nginx.')) return reloadSeconds
  if (name === 'shell' || block.reload !== undefined) return seconds(step.timeout) ?? commandSeconds
  return 0
}

function seconds(value: unknown): number | undefined {
  return value === undefined ? undefined : zDuration.safeParse(value).data
}

/** The name of the first secret parameter in a text, or in the words of a command. */
function secretIn(value: unknown, params: Checking['names']['params']): string | undefined {
  if (Array.isArray(value))
    return value.map((one) => secretIn(one, params)).find((name) => name !== undefined)
  if (typeof value !== 'string') return undefined
  const named = findTemplates(value).flatMap(({ root, path }) => (root === 'params' ? path.slice(0, 1) : []))
  return named.find((name) => params.some((spec) => spec.name === name && spec.secret))
}
