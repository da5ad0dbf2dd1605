import { homedir } from 'node:os'
import { SitrepError } from '../model/errors.ts'
import type { Runbook } from '../model/runbook.ts'
import { configFolder, findRunbook, type RunbookFolders, requireTrust } from '../runbook/find.ts'
import { formatFinding } from '../runbook/findings.ts'
import { loadRunbook } from '../runbook/load.ts'
import { kinds } from './kinds.ts'
import { shippedRunbooks } from './root.ts'

/** Where runbooks are looked for from this process's working directory. */
export function runbookFolders(): RunbookFolders {
  return { cwd: process.cwd(), config: configFolder(process.env, homedir()), shipped: shippedRunbooks() }
}

/** Finds, trusts and loads a runbook; every mistake in it is told at once, each with its position. */
export async function openRunbook(asked: string): Promise<Runbook> {
  const found = await findRunbook(asked, runbookFolders())
  requireTrust(found)
  const { runbook, findings } = await loadRunbook(found.file, kinds)
  const errors = findings.filter(({ level }) => level === 'error')
  if (runbook !== undefined && errors.length === 0) return runbook
  throw new SitrepError(
    'usage',
    `the runbook has ${errors.length === 1 ? 'a mistake' : `${errors.length} mistakes`}\n${errors.map(formatFinding).join('\n')}`,
    {
      next: 'mend it and try again; no host was contacted',
    },
  )
}
