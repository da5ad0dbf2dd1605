import { homedir, userInfo } from 'node:os'
import { basename } from 'node:path'
import { inventoryFileName, parseInventory } from '../inventory/load.ts'
import type { Finding } from '../model/runbook.ts'
import { parseSource } from '../model/source.ts'
import { lintRunbook } from '../runbook/lint.ts'
import { type Loaded, loadRunbook, parseRunbook } from '../runbook/load.ts'
import { readLimited } from '../runbook/source.ts'
import { kinds } from './kinds.ts'

/** Everything that is wrong with a runbook or an inventory, and what will hurt one day. */
export async function lintFile(file: string): Promise<Finding[]> {
  const read = await readLimited(file)
  if ('problem' in read) return [read.problem]
  if (isInventory(read.bytes, file)) return lintText(read.bytes, file)
  return withWarnings(await loadRunbook(file, kinds))
}

/**
 * The same for a text; `name` stands for it in positions. An inventory is what is named `sitrep.yaml`, and what has a mapping
 * `hosts:` and neither `runbook:` nor `steps:`.
 */
export function lintText(text: Uint8Array | string, name: string): Finding[] {
  if (isInventory(text, name))
    return parseInventory(text, name, { user: userInfo().username, home: homedir() }).findings
  return withWarnings(parseRunbook(text, name, kinds))
}

function withWarnings({ runbook, findings }: Loaded): Finding[] {
  return runbook === undefined ? findings : [...findings, ...lintRunbook(runbook, kinds)]
}

function isInventory(text: Uint8Array | string, name: string): boolean {
  if (basename(name) === inventoryFileName) return true
  const { value } = parseSource(text, name)
  if (!isMapping(value) || 'runbook' in value || 'steps' in value) return false
  return isMapping(value.hosts)
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
