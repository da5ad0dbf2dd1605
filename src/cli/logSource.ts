import { kinds } from '../compose/kinds.ts'
import { messageOf, SitrepError } from '../model/errors.ts'
import type { LogSourceKind } from '../model/log.ts'

/** Reads what names a log within a host, `unit:NAME`, `pm2:NAME` or `file:PATH`. */
export function parseSource(source: string): { kind: LogSourceKind; name: string } {
  const colon = source.indexOf(':')
  const kind = kinds.logSources.find(({ kind }) => kind === source.slice(0, colon))
  if (kind === undefined) {
    const known = kinds.logSources.map(({ kind }) => `${kind}:…`).join(', ')
    throw new SitrepError('usage', `unknown log ${source}`, { next: `known: ${known}` })
  }
  const name = kind.params.safeParse(source.slice(colon + 1))
  if (!name.success)
    throw new SitrepError('usage', `not the name of a log: ${source}`, {
      next: name.error.issues.map(({ message }) => message).join('; '),
    })
  return { kind, name: name.data }
}

/** The lines that `--grep` wants; all where it is absent. */
export function wantedLines(grep: string | undefined): RegExp {
  try {
    return new RegExp(grep ?? '')
  } catch (error) {
    throw new SitrepError('usage', `not a regular expression: ${messageOf(error)}`)
  }
}
