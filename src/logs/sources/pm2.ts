import * as z from 'zod'
import type { LogSourceKind } from '../../model/log.ts'
import { lookCommand } from '../../model/pm2/command.ts'
import { parseLook } from '../../model/pm2/facts.ts'

/**
 * Both logs of a PM2 process. Their paths come from PM2 where its daemon runs (it is never started for that), else they
 * are where PM2 puts them, so that the log of an application can be read while PM2 is down.
 */
export const source: LogSourceKind = {
  kind: 'pm2',
  summary: 'The output and error logs of a PM2 process.',
  params: z.string().regex(/^[^\u0000-\u001f-][^\u0000-\u001f]*$/, 'expected the name of a PM2 process'),
  example: 'core-backend',
  async command(name, host) {
    const facts = parseLook(await host.run(lookCommand({ name, pm2: 'pm2', wanted: {}, show: [] })))
    const known = facts.processes
      .flatMap(({ out, err }) => [out, err])
      .filter((path) => path?.startsWith('/') && path !== '/dev/null')
    // As PM2 itself makes a file name of a name (lib/Common.js).
    const safe = name.replace(/[^a-zA-Z0-9\\.\\-]/g, '-')
    const usual = [`${facts.pm2Home}/logs/${safe}-out.log`, `${facts.pm2Home}/logs/${safe}-error.log`]
    const paths = [...new Set(known.length > 0 ? known : usual)]
    return { argv: ['tail', '-q', '-n', '100', '-F', '--', ...paths] }
  },
}
