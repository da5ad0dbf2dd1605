import * as z from 'zod'
import type { Action, Plan } from '../model/action.ts'
import type { Command } from '../model/command.ts'
import { zDuration, zPath } from '../model/schema.ts'
import { lookAtNginxConfig, type NginxConfig, type NginxWay } from './shared/nginxConfig.ts'
import { lookAtNginxState, type NginxState, newLogLines, sortLogLines } from './shared/nginxState.ts'

const params = z.strictObject({
  unit: z
    .string()
    .regex(/^[\w@:.\\][\w@:.\\-]*$/)
    .default('nginx')
    .describe('its systemd unit; where that does not own the running nginx, `nginx -s reload` is used'),
  nginx: z.string().regex(/^[^-]/).default('nginx').describe('the program'),
  config: zPath.optional().describe('its -c, where it is not the default'),
  prefix: zPath.optional().describe('its -p, where it is not the default'),
  reload_timeout: zDuration.default(30).describe('how long the reload may take; it can hang for ever'),
})

type Params = z.output<typeof params>

/** The configuration's own look, the processes, and what is newer than they are. */
export interface NginxFacts {
  /** Absent where nginx does not run. */
  running?: {
    test: NginxConfig['test']
    state: NginxState
    /** Paths that are newer than the oldest worker, with the time of their change. */
    newer: { path: string; at: number }[]
    byUnit: boolean
    looked: Pick<NginxConfig, 'master' | 'files' | 'certificates' | 'folders' | 'errorLogs'>
  }
}

/** Clocks of files and of processes agree to about this many milliseconds; within it a file counts as newer. */
const tolerance = 20

/** Makes nginx run with the configuration that lies on the disk. */
export const action: Action<Params, NginxFacts> = {
  name: 'nginx.reload',
  summary:
    'Reloads nginx where its files are newer than its workers; proves it by new workers under the same master.',
  risk: 'change',
  params,
  example: 'unit: nginx\n',
  settle: 1,
  within: 15,
  locks: ({ unit }) => [`nginx:${unit}`],

  inspect: async (host, p, { text }) => {
    const config = await lookAtNginxConfig(host, wayOf(p), text)
    if (config === undefined) return {}
    const { test, unitPid, ...looked } = config
    const state = await lookAtNginxState(host, looked, text)
    const newer = state.changed.filter(({ at }) => at > servingSince(state) - tolerance)
    const byUnit = unitPid !== undefined && unitPid === state.master?.pid
    return { running: { test, state, newer, byUnit, looked } }
  },

  plan: (p, { running }) => {
    const cannotTell = (because: string): Plan => ({ outcome: 'cannot_tell', because, changes: [] })
    if (running === undefined) return cannotTell('no nginx runs: there is nothing to reload')
    const { test, state, newer, byUnit, looked } = running
    if (test.is === 'denied')
      return cannotTell(`${test.by} may not test nginx: ${test.reason}; say \`as: root\` on the step`)
    if (state.master === undefined) {
      const pidFile = looked.master.startsWith('/')
        ? ` with the pid file ${looked.master}`
        : ' of this configuration'
      return cannotTell(`no nginx runs${pidFile}: there is nothing to reload`)
    }
    const since = `(started ${time(servingSince(state))})`
    if (test.is === 'ok' && newer.length === 0) {
      const count = looked.files.length + looked.certificates.length
      const because = `all ${count} files of the configuration are older than the workers ${since}`
      return { outcome: 'in_sync', because, changes: [] }
    }
    const named = newer.slice(0, 3).map(({ path }) => path)
    const more = newer.length > 3 ? ` and ${newer.length - 3} more` : ''
    const because =
      test.is === 'refused'
        ? `nginx refuses the configuration, so the test will stop the reload: ${test.reason}`
        : `newer than the workers ${since}: ${named.join(', ')}${more}`
    const say = byUnit ? `reload ${p.unit} by systemd` : 'reload nginx by its own command'
    const impossible = 'a reload reads the files as they are: put the former files back, and reload again'
    return {
      outcome: 'would_change',
      because,
      changes: [
        { do: { say: 'test the configuration', run: nginxCommand(p, ['-t']) }, undo: [] },
        { do: { say, run: reloadCommand(p, byUnit) }, undo: { impossible } },
      ],
      ...(newer.length === 0 ? {} : { evidence: newer.map(({ path, at }) => `${path} changed ${time(at)}`) }),
    }
  },

  verify: async (host, _, { before, around: { text } }) => {
    const { running } = before
    if (running?.state.master === undefined) return { verdict: 'failed', reason: 'nginx did not run' }
    const was = running.state
    const [now, lines] = await Promise.all([
      lookAtNginxState(host, { ...running.looked, files: [], certificates: [], folders: [] }, text),
      newLogLines(host, was.logs, text),
    ])
    const { bad, warnings } = sortLogLines(lines)
    if (bad.length > 0)
      return {
        verdict: 'failed',
        reason: `nginx wrote to its error log: ${bad[0]}`,
        evidence: [...bad, ...warnings].slice(0, 20),
      }
    if (now.master === undefined) return { verdict: 'failed', reason: 'nginx does not run any more' }
    if (now.master.pid !== was.master!.pid)
      return {
        verdict: 'failed',
        reason: `nginx was restarted: master ${now.master.pid} instead of ${was.master!.pid}`,
      }
    const old = now.workers.filter(({ pid }) => was.workers.some((worker) => worker.pid === pid))
    if (was.workers.length > 0 && (old.length > 0 || now.workers.length === 0))
      return {
        verdict: 'failed',
        reason: `${old.length} of ${now.workers.length} workers are still the former ones`,
      }
    return {
      verdict: 'ok',
      reason: `${now.workers.length} new workers under the same master ${now.master.pid}, no new error-log lines`,
      ...(warnings.length === 0 ? {} : { evidence: warnings.slice(0, 20) }),
    }
  },
}

function wayOf(p: Params): NginxWay {
  const args = [
    ...(p.prefix === undefined ? [] : ['-p', p.prefix]),
    ...(p.config === undefined ? [] : ['-c', p.config]),
  ]
  return { nginx: p.nginx, args, unit: p.unit }
}

function nginxCommand(p: Params, what: string[]): Command {
  const { nginx, args } = wayOf(p)
  return { argv: [nginx, ...args, ...what], timeoutMs: p.reload_timeout * 1000 }
}

function reloadCommand(p: Params, byUnit: boolean): Command {
  if (!byUnit) return nginxCommand(p, ['-s', 'reload'])
  return { argv: ['systemctl', 'reload', '--', p.unit], timeoutMs: p.reload_timeout * 1000 }
}

/** When the oldest of the workers started, for each read the files as they were then; the master where it has none. */
function servingSince({ master, workers }: NginxState): number {
  if (workers.length > 0) return Math.min(...workers.map(({ started }) => started))
  return master?.started ?? 0
}

function time(ms: number): string {
  return new Date(ms).toISOString()
}
