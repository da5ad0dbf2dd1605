import * as z from 'zod'
import type { Action } from '../model/action.ts'
import { zCommand } from '../model/schema.ts'
import { inspectSync, planSync, type SyncFacts, syncToPlan, unlike, zFile } from './shared/fileSync.ts'
import { shortSha } from './shared/result.ts'

const params = z.strictObject({
  ...zFile,
  validate: zCommand
    .optional()
    .describe('run against the candidate before anything is replaced: {candidate} is its path'),
  reload: zCommand.optional().describe('run after the file was replaced, and again after an undo'),
})

type Params = z.output<typeof params>

/** Makes one file what another file, a file of the operator or a text is; keeps owner, mode and link, and the former file. */
export const action: Action<Params, SyncFacts> = {
  name: 'file.sync',
  summary: 'Makes a file match its source; validates, keeps the former one, replaces atomically, reloads.',
  risk: 'change',
  params,
  shellText: ['validate', 'reload'],
  example: `source: /home/deploy/srv/app/app.conf
path: /etc/app/app.conf
validate: app --check {candidate}
reload: systemctl reload app
`,
  settle: 0,
  within: 10,
  onFail: 'undo',
  locks: ({ path }) => [`file:${path}`],
  inspect: (host, p, around) => inspectSync(host, p, around),
  plan: (p, facts, drawn) => {
    const outcome = planSync(p, facts, drawn.stamp, p.validate)
    if (p.reload === undefined) return syncToPlan(outcome)
    return syncToPlan(outcome, {
      apply: { say: 'reload what reads the file', run: p.reload },
      undo: { say: 'reload what reads the file, again', run: p.reload },
    })
  },
  verify: async (host, p, { before, around }) => {
    const difference = await unlike(host, p, before, around)
    if (difference !== undefined) return { verdict: 'failed', reason: difference }
    const sha256 = before.source.is === 'ready' ? shortSha(before.source.sha256) : ''
    return { verdict: 'ok', reason: `${p.path} has sha256 ${sha256}` }
  },
}
