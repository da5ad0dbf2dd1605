import * as z from 'zod'
import type { LogSourceKind } from '../../model/log.ts'

/** The journal of a systemd unit. */
export const source: LogSourceKind = {
  kind: 'unit',
  summary: 'The journal of a systemd unit.',
  params: z.string().regex(/^[\w@.:\\][\w@.:\\-]*$/, 'expected the name of a systemd unit'),
  example: 'nginx.service',
  command: async (name) => ({
    argv: ['journalctl', `--unit=${name}`, '-n', '100', '-f', '-o', 'short-iso-precise', '--no-pager'],
  }),
}
