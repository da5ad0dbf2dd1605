import type { LogSourceKind } from '../../model/log.ts'
import { zPath } from '../../model/schema.ts'

/** A file of the host, followed by its name, so that rotation does not end it. */
export const source: LogSourceKind = {
  kind: 'file',
  summary: 'A log file on the host.',
  params: zPath,
  example: '/var/log/nginx/error.log',
  command: async (path) => ({ argv: ['tail', '-n', '100', '-F', '--', path] }),
}
