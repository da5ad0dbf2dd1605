import type { FileChange } from '../../model/action.ts'
import type { Command, RunResult } from '../../model/command.ts'
import { messageOf } from '../../model/errors.ts'
import type { CarryDeps } from '../context.ts'
import { readyContent } from './content.ts'
import { type After, notCarriedOut, runJob } from './job.ts'
import { putScript } from './scripts.ts'

/** Replaces a file by the fixed script of `putScript`; new content goes on its stdin only, for it may hold secrets. */
export async function carryPut(
  put: FileChange,
  as: string | undefined,
  id: string,
  deps: CarryDeps,
): Promise<RunResult> {
  let command: Command
  try {
    const content = await readyContent(put, as, deps)
    const [copy, sha256] = 'copy' in content ? [content.copy, content.sha256] : ['', '']
    const args = [put.path, put.expect, put.backup ?? '', put.mode ?? '', put.owner ?? '', put.group ?? '']
    const argv = [
      'sh',
      '-c',
      putScript,
      'sh',
      ...args,
      copy,
      sha256,
      id,
      put.privateBackup === true ? 'private' : '',
      ...validator(put.validate, as),
    ]
    command = {
      argv,
      ...('stdin' in content ? { stdin: content.stdin } : {}),
      ...(put.validate?.secrets === undefined ? {} : { secrets: put.validate.secrets }),
      ...(as === undefined ? {} : { as }),
    }
  } catch (error) {
    // Nothing was started: the content could not be had, or the change can't be carried out as it is.
    return notCarriedOut(deps, 'exit', messageOf(error), 'no')
  }
  return runJob(deps.session, id, command, deps, (result) => leftBy(put.path, result))
}

/** The argv of the validating command, with its environment and its folder put before it. */
function validator(validate: Command | undefined, as: string | undefined): string[] {
  if (validate === undefined) return []
  if (validate.as !== undefined && validate.as !== as)
    throw new Error(`validation can't run as ${validate.as}: it runs as the user who writes the file`)
  if (validate.stdin !== undefined) throw new Error('validation gets no stdin: it reads the candidate')
  const env = Object.entries(validate.env ?? {}).map(([name, value]) => `${name}=${value}`)
  const argv = env.length === 0 ? validate.argv : ['env', ...env, ...validate.argv]
  if (validate.cwd === undefined) return argv
  return ['sh', '-c', 'cd -- "$1" || exit; shift; exec "$@"', 'sh', validate.cwd, ...argv]
}

/** What a finished `put` left, by what its script printed last; undefined where it did not come so far. */
export function leftBy(path: string, result: RunResult): After | undefined {
  const text = new TextDecoder().decode(result.stdout.bytes)
  const sha256 = /^sitrep-put ([0-9a-f]{64})$/m.exec(text)?.[1]
  return sha256 === undefined ? undefined : { [path]: sha256 }
}
