import type { RunResult, Sha256 } from '../../model/command.ts'
import type { CarryDeps } from '../context.ts'
import { runJob } from './job.ts'
import { removeScript } from './scripts.ts'

/** Removes a file that has the expected sha256; anything else is left and fails. */
export function carryRemove(
  { path, expect }: { path: string; expect: Sha256 },
  as: string | undefined,
  id: string,
  deps: CarryDeps,
): Promise<RunResult> {
  const command = {
    argv: ['sh', '-c', removeScript, 'sh', path, expect],
    ...(as === undefined ? {} : { as }),
  }
  return runJob(deps.session, id, command, deps, ({ exitCode }) =>
    exitCode === 0 ? { [path]: 'absent' } : undefined,
  )
}
