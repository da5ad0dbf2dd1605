import { homedir, userInfo } from 'node:os'
import { basename } from 'node:path'
import { inventoryFileName, loadInventory } from '../inventory/load.ts'
import type { Finding } from '../model/runbook.ts'
import { lintRunbook } from '../runbook/lint.ts'
import { type Loaded, loadRunbook, parseRunbook } from '../runbook/load.ts'
import { kinds } from './kinds.ts'

/** Everything that is wrong with a runbook or (by its file name) an inventory, and what will hurt one day. */
export async function lintFile(file: string): Promise<Finding[]> {
  if (basename(file) === inventoryFileName) {
    const { findings } = await loadInventory(file, { user: userInfo().username, home: homedir() })
    return findings
  }
  return all(await loadRunbook(file, kinds))
}

/** The same for the text of a runbook that stands in no file; `name` stands for it in positions. */
export function lintText(text: string, name: string): Finding[] {
  return all(parseRunbook(text, name, kinds))
}

function all({ runbook, findings }: Loaded): Finding[] {
  return runbook === undefined ? findings : [...findings, ...lintRunbook(runbook, kinds)]
}
