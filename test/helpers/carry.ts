import type { Change } from '../../src/model/action.ts'
import type { RunResult, Session } from '../../src/model/command.ts'
import type { SecretStore } from '../../src/model/secret.ts'
import { carryOut } from '../../src/run/carry/index.ts'
import type { CarryDeps } from '../../src/run/context.ts'
import { secretsOf } from './reader.ts'

/** What became of a change that a test carried out: the result and what it left, as they would be journaled. */
export interface Carried {
  result: RunResult
  after: Record<string, string> | undefined
  stderr: string
}

let count = 0

/** Carries out one change on a session as the runner does. */
export async function carry(
  session: Session,
  change: Change,
  o: Partial<CarryDeps> & { secrets?: SecretStore } = {},
): Promise<Carried> {
  const journal: { result: RunResult; after: Record<string, string> | undefined }[] = []
  count += 1
  const result = await carryOut(change, `test-${process.pid}-${count}`, {
    session,
    local: session,
    secrets: secretsOf(),
    signal: new AbortController().signal,
    learned: () => undefined,
    journaled: async (result, after) => {
      journal.push({ result, after })
    },
    ...o,
  })
  if (journal.length !== 1 || journal[0]!.result !== result) throw new Error('not journaled exactly once')
  return { result, after: journal[0]!.after, stderr: new TextDecoder().decode(result.stderr.bytes) }
}

/** Carries out several changes one after another, as the undo of a pair. */
export async function carryAll(session: Session, changes: readonly Change[]): Promise<Carried[]> {
  const done: Carried[] = []
  for (const change of changes) done.push(await carry(session, change))
  return done
}
