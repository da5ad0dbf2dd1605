import { homedir, userInfo } from 'node:os'
import { basename } from 'node:path'
import { inventoryFileName, loadInventory } from '../inventory/load.ts'
import type { Finding } from '../model/runbook.ts'
import { lintRunbook } from '../runbook/lint.ts'
import { loadRunbook } from '../runbook/load.ts'
import { kinds } from './kinds.ts'

/** Everything that is wrong with a runbook or (by its file name) an inventory, and what will hurt one day. */
export async function lintFile(file: string): Promise<Finding[]> {
  if (basename(file) === inventoryFileName) {
    const { findings } = await loadInventory(file, { user: userInfo().username, home: homedir() })
    return findings
  }
  const { runbook, findings } = await loadRunbook(file, kinds)
  return runbook === undefined ? findings : [...findings, ...lintRunbook(runbook, kinds)]
}
