import { readFile } from 'node:fs/promises'
import { kinds } from '../compose/kinds.ts'
import { runbookFolders } from '../compose/open.ts'
import type { ConsoleState, HostRow, RunbookSummary } from '../console.types.ts'
import { stateRoot } from '../journal/incidents.ts'
import { listIncidents } from '../journal/list.ts'
import type { HostState, Inventory } from '../model/host.ts'
import { type FoundRunbook, listRunbooks } from '../runbook/find.ts'
import { formatFinding } from '../runbook/findings.ts'
import { loadRunbook } from '../runbook/load.ts'

/** What the home screen lists, as it is now. */
export async function loadHome(
  inventory: Inventory,
  stateOf: (host: string) => HostState,
): Promise<ConsoleState['home']> {
  const [{ incidents, problems }, found] = await Promise.all([
    listIncidents(stateRoot()),
    listRunbooks(runbookFolders()),
  ])
  return {
    incidents,
    runbooks: await Promise.all(found.map(summary)),
    hosts: hostRows(inventory, stateOf),
    problems,
  }
}

/** The hosts of the inventory with the state of the way to each. */
export function hostRows(inventory: Inventory, stateOf: (host: string) => HostState): HostRow[] {
  return inventory.hosts.map(({ name, address, groups, production }) => ({
    name,
    address,
    groups,
    production,
    state: stateOf(name),
  }))
}

async function summary({ name, file, trusted }: FoundRunbook): Promise<RunbookSummary> {
  const plain = { name, title: name, file, symptoms: [], steps: [], trusted }
  // What is not trusted is not even read as a runbook; its first lines are all that is shown.
  if (!trusted) return { ...plain, title: await firstLine(file) }
  const { runbook, findings } = await loadRunbook(file, kinds)
  const broken = findings.find(({ level }) => level === 'error')
  if (runbook === undefined)
    return { ...plain, ...(broken === undefined ? {} : { broken: formatFinding(broken) }) }
  return {
    name,
    title: runbook.title,
    file,
    symptoms: runbook.symptoms,
    steps: runbook.steps.map(({ title }) => title),
    trusted,
  }
}

async function firstLine(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n')[0] ?? ''
}
