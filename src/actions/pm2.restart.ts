import type { Action } from '../model/action.ts'
import { lookCommand } from '../model/pm2/command.ts'
import { type Pm2Facts, parseLook } from '../model/pm2/facts.ts'
import { learnLiterals, lookOf, type Pm2Params, pm2Params, readsOf } from './pm2/params.ts'
import { planPm2 } from './pm2/plan.ts'
import { verifyPm2 } from './pm2/verify.ts'

/**
 * Makes a PM2 application run with this script, working directory and environment. `pm2 restart --update-env` keeps the
 * old working directory (Unitech/pm2 #2510, #3742, #5591), so it is deleted and started again; what it was before is
 * saved first in a 0600 file on the host, which the undo starts again.
 */
export const action: Action<Pm2Params, Pm2Facts> = {
  name: 'pm2.restart',
  summary: 'Runs a PM2 application with the given script, working directory and environment.',
  risk: 'interrupt',
  params: pm2Params,
  example: [
    'name: core-backend',
    'script: /opt/core/backend/src/server.js',
    'cwd: /opt/core/backend',
    'env: { NODE_ENV: production, PORT: "3002", BIND_ADDR: 127.0.0.1 }',
    '',
  ].join('\n'),
  settle: 3,
  within: 30,
  locks: ({ name }) => [`pm2:${name}`],
  reads: (p) => readsOf(p),
  async inspect(host, p, around) {
    learnLiterals(p, around)
    const { input, secrets } = lookOf(p, { lists: around.lists })
    return parseLook(await host.run(lookCommand(input, secrets)), around.text)
  },
  plan: planPm2,
  async verify(host, p, { applied, around }) {
    const { input, secrets } = lookOf(p, { lists: around.lists, errors: 20 })
    return verifyPm2(
      p,
      parseLook(await host.run(lookCommand(input, secrets)), around.text),
      applied,
      around.text,
    )
  },
}
