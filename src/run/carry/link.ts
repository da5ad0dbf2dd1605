import type { LinkChange } from '../../model/action.ts'
import type { RunResult } from '../../model/command.ts'
import type { CarryDeps } from '../context.ts'
import { runJob } from './job.ts'
import { linkScript } from './scripts.ts'

/** Points a link at its target by an atomic rename; anything at the path but the expected link is left and fails. */
export function carryLink(
  { path, target, expect }: LinkChange,
  as: string | undefined,
  id: string,
  deps: CarryDeps,
): Promise<RunResult> {
  const argv = ['sh', '-c', linkScript, 'sh', path, target, expect === 'absent' ? '' : expect, id]
  return runJob(deps.session, id, { argv, ...(as === undefined ? {} : { as }) }, deps)
}
