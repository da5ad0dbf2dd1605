import type { Command } from 'commander'
import { parseWhen } from '../model/when.ts'

/** Collects a repeatable option. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}

/** Reads WHEN (ISO 8601, `-10m`, or `HH:MM` UTC) as ISO 8601 UTC. */
export function when(value: string): string {
  return parseWhen(value, new Date()).toISOString()
}

/** The options that `plan`, `run` and `check` share. */
export interface RunbookOptions {
  host?: string[]
  param?: string[]
  inventory?: string
  json?: boolean
}

/** Adds the options that `plan`, `run` and `check` share. */
export function runbookOptions(command: Command): Command {
  return command
    .argument('<runbook>', 'a runbook file, or the name of one (./runbooks, your own, then what ships)')
    .option(
      '--host <host>',
      "a host or group of the inventory, in place of the runbook's own (repeatable)",
      collect,
    )
    .option(
      '--param <name=value>',
      'a parameter; a secret one as NAME=@FILE, NAME=env:VAR or NAME=- (repeatable)',
      collect,
    )
    .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
    .option('--json', 'print JSON')
}
