import * as z from 'zod'
import type { Action, Around, Change, Plan } from '../model/action.ts'
import type { Reader } from '../model/command.ts'
import { zDuration, zPath } from '../model/schema.ts'
import {
  type Adapted,
  adaptFile,
  adaptText,
  type CaddyWay,
  caddyReload,
  drift,
  lookAtRunning,
  lookAtUnit,
  type Running,
  siteChange,
  systemdReload,
  type UnitFacts,
  validateCommand,
} from './shared/caddy.ts'
import { adminAddress, defaultAdmin } from './shared/caddyConfig.ts'
import { diffLimit } from './shared/diff.ts'
import {
  type FileWish,
  inspectSync,
  planSync,
  type SyncFacts,
  syncToPlan,
  unlike,
  zFile,
} from './shared/fileSync.ts'
import { lookAtOne } from './shared/files.ts'
import { shortSha } from './shared/result.ts'
import { givenSource } from './shared/source.ts'

const params = z.strictObject({
  ...zFile,
  path: zPath.default('/etc/caddy/Caddyfile').describe('the Caddyfile that Caddy runs with'),
  unit: z
    .string()
    .regex(/^[\w@:.\\][\w@:.\\-]*$/)
    .default('caddy')
    .describe('its systemd unit, whose user and environment validate and adapt'),
  caddy: z.string().regex(/^[^-]/).default('caddy').describe('the program'),
  admin: z
    .string()
    .regex(/^[^-]/)
    .optional()
    .describe('the admin endpoint; from the Caddyfile where absent, else localhost:2019'),
  reload: z.enum(['auto', 'systemd', 'caddy']).default('auto').describe('by systemd, or by `caddy reload`'),
  reload_timeout: zDuration.default(30).describe('how long the reload may take; it can hang for ever'),
})

type Params = z.output<typeof params>

/** Both files, the adapted form of each, and the configuration that Caddy runs with. */
export interface CaddyFacts extends SyncFacts {
  unit?: UnitFacts
  effective: Adapted
  wanted: Adapted
  running: Running
  /** Where the effective file and the running configuration differ; names only. */
  drift: string[]
}

/** Makes Caddy run with a Caddyfile: file in place, and the running configuration equal to it. */
export const action: Action<Params, CaddyFacts> = {
  name: 'caddy.sync',
  summary: 'Syncs the Caddyfile, reloads Caddy, and proves that it runs with it.',
  risk: 'change',
  params,
  example: `source: /home/deploy/srv/proxy/caddy/Caddyfile
path: /etc/caddy/Caddyfile
`,
  settle: 0,
  within: 15,
  onFail: 'undo',
  locks: ({ path, unit }) => [`file:${path}`, `caddy:${unit}`],

  inspect: async (host, p, around) => {
    // All of it side by side, for each command that waits for another costs a round trip. Where there is no such unit,
    // what would run as one runs as it is.
    const way = { caddy: p.caddy, unit: p.unit }
    const expected = p.admin ?? defaultAdmin
    const [unit, sync, effective, wanted, first] = await Promise.all([
      lookAtUnit(host, p.unit),
      inspectSync(host, p, around),
      adaptFile(host, way, p.path, around.text),
      adaptSource(host, p, around, way),
      lookAtRunning(host, [expected], around.text),
    ])
    const own = effective.facts.is === 'adapted' ? effective.facts.admin : undefined
    const elsewhere = p.admin === undefined && own !== undefined && addressOf(own) !== addressOf(expected)
    const there = elsewhere ? await lookAtRunning(host, [own], around.text) : first
    const running = there.facts.is === 'answers' ? there : bothSilent(there, first)
    return {
      ...sync,
      ...(unit === undefined ? {} : { unit }),
      effective: effective.facts,
      wanted: wanted.facts,
      running: running.facts,
      drift: drift(effective, running),
    }
  },

  plan: (p, facts, drawn) => {
    const outcome = planSync(p, facts, drawn.stamp, validateCommand(wayOf(p, facts.unit)))
    if (outcome.is === 'cannot_tell') return syncToPlan(outcome)
    const obstacle = obstacleTo(p, facts)
    if (obstacle !== undefined) return { outcome: 'cannot_tell', because: obstacle, changes: [] }
    if (outcome.is === 'planned') {
      const plan = syncToPlan(outcome, { apply: reloadOf(p, facts), undo: reloadAgain(p, facts) })
      const evidence = [...(plan.evidence ?? []), ...effectOf(facts), ...facts.drift]
      return { ...plan, ...(evidence.length === 0 ? {} : { evidence }) }
    }
    return planReload(p, facts, outcome.because)
  },

  verify: async (host, p, { before, around }) => {
    const expected = p.admin ?? (before.wanted.is === 'adapted' ? before.wanted.admin : undefined)
    const [difference, effective, first] = await Promise.all([
      unlike(host, p, before, around),
      adaptFile(host, wayOf(p, before.unit), p.path, around.text),
      lookAtRunning(host, [expected], around.text),
    ])
    if (difference !== undefined) return { verdict: 'failed', reason: difference }
    if (effective.facts.is !== 'adapted')
      return { verdict: 'failed', reason: `Caddy refuses ${p.path}: ${effective.facts.reason}` }
    const listen = p.admin ?? effective.facts.admin
    const running =
      addressOf(listen) === addressOf(expected) ? first : await lookAtRunning(host, [listen], around.text)
    if (running.facts.is === 'silent')
      return { verdict: 'failed', reason: `Caddy's admin endpoint does not answer: ${running.facts.reason}` }
    if (running.facts.sha256 !== effective.facts.sha256)
      return {
        verdict: 'failed',
        reason: `Caddy does not run with ${p.path}`,
        evidence: drift(effective, running),
      }
    return {
      verdict: 'ok',
      reason: `Caddy runs with ${p.path} (adapted sha256 ${shortSha(effective.facts.sha256)})`,
    }
  },
}

function wayOf(p: Params, unit: UnitFacts | undefined) {
  return { caddy: p.caddy, ...(unit === undefined ? {} : { unit: unit.name }) }
}

async function adaptSource(
  host: Reader,
  p: Params,
  around: Around,
  way: CaddyWay,
): Promise<{ facts: Adapted }> {
  const wish: FileWish = p
  const bytes =
    typeof wish.source === 'string'
      ? (await lookAtOne(host, wish.source, { text: around.text, contentUpTo: diffLimit })).bytes
      : (await givenSource(wish.source, around)).bytes
  if (bytes === undefined) return { facts: { is: 'skipped', reason: 'its content was not read' } }
  const label = typeof wish.source === 'string' ? wish.source : 'the source'
  return adaptText(host, way, { bytes, label }, around.text)
}

type Ran = Awaited<ReturnType<typeof lookAtRunning>>

/** Where the file says it is there is no answer: then the default endpoint counts, and where that is silent too, both are told. */
function bothSilent(there: Ran, first: Ran): Ran {
  if (there === first || first.facts.is === 'answers' || there.facts.is === 'answers') return first
  return { facts: { is: 'silent', reason: `${there.facts.reason}; ${first.facts.reason}` } }
}

/** Why Caddy can't be made to run with the file, whatever the file holds. */
function obstacleTo(p: Params, { unit, running }: CaddyFacts): string | undefined {
  if (running.is === 'silent') {
    const state = unit === undefined ? '' : ` (unit ${unit.name} is ${unit.active})`
    return `Caddy's admin endpoint does not answer${state}: ${running.reason}; start Caddy, or name its endpoint with admin`
  }
  if (unit?.resume === true)
    return `unit ${unit.name} runs with --resume: it takes its last configuration from the API, not from ${p.path}`
  if (unit?.loads !== undefined && unit.active === 'active' && unit.loads !== p.path)
    return `unit ${unit.name} loads ${unit.loads}, not ${p.path}: say path: ${unit.loads}`
  return undefined
}

/** What the new file would change in what Caddy serves, as far as it can be told before it is in place. */
function effectOf({ wanted, running }: CaddyFacts): string[] {
  if (wanted.is === 'refused')
    return [`Caddy refuses the source, so validation will stop it: ${wanted.reason}`]
  if (wanted.is === 'skipped' || running.is === 'silent') return []
  const { gained, lost } = siteChange(running, wanted)
  return [
    ...(gained.length === 0 ? [] : [`Caddy will serve: ${gained.join(', ')}`]),
    ...(lost.length === 0 ? [] : [`Caddy will no longer serve: ${lost.join(', ')}`]),
    ...(wanted.adminOff
      ? ['the source turns the admin endpoint off: Caddy could not be reloaded again']
      : []),
  ]
}

/** The file is in place; is it what Caddy runs with? */
function planReload(p: Params, facts: CaddyFacts, because: string): Plan {
  const { effective, running } = facts
  if (effective.is !== 'adapted')
    return {
      outcome: 'cannot_tell',
      because: `${because}, but Caddy refuses it: ${effective.reason}`,
      changes: [],
    }
  if (running.is === 'answers' && running.sha256 === effective.sha256)
    return { outcome: 'in_sync', because: `${because}, and Caddy runs with it`, changes: [] }
  const impossible = 'the configuration that Caddy runs with now is in no file'
  return {
    outcome: 'would_change',
    because: `${because}, but Caddy does not run with it`,
    changes: [{ do: reloadOf(p, facts), undo: { impossible } }],
    evidence: facts.drift,
  }
}

function reloadOf(p: Params, facts: CaddyFacts): Change {
  const { unit } = facts
  const moves = facts.wanted.is === 'adapted' && addressOf(facts.wanted.admin) !== nowAt(facts)
  const able = unit?.active === 'active' && unit.canReload && !(moves && p.admin === undefined)
  if (unit !== undefined && (p.reload === 'systemd' || (p.reload === 'auto' && able)))
    return {
      say: `reload ${unit.name} by systemd`,
      run: systemdReload(unit.name, p.reload_timeout * 1000),
    }
  return {
    say: 'reload Caddy by its own command',
    run: caddyReload(wayOf(p, unit), p.path, [nowAt(facts)], p.reload_timeout * 1000),
  }
}

/** By Caddy's own command also where systemd did the first: a reload that hangs in systemd would hold up the second. */
function reloadAgain(p: Params, facts: CaddyFacts): Change {
  const next = facts.wanted.is === 'adapted' ? [addressOf(p.admin ?? facts.wanted.admin)] : []
  return {
    say: 'reload Caddy with the former file',
    run: caddyReload(wayOf(p, facts.unit), p.path, [nowAt(facts), ...next], p.reload_timeout * 1000),
  }
}

function addressOf(listen: string | undefined): string {
  return adminAddress(listen ?? defaultAdmin).address
}

function nowAt({ running }: CaddyFacts): string {
  return running.is === 'answers' ? running.address : addressOf(undefined)
}
