import type { Command, RunOptions, RunResult, Session } from '../../src/model/command.ts'
import type { Lab } from '../lab/types.ts'
import { testSession } from './reader.ts'

/** A bare Session on a lab host, past SSH and as root unless a command says otherwise; for tests of actions alone. */
export function labSession(lab: Lab, host: string): Session {
  const run = async (command: Command, o: RunOptions = {}): Promise<RunResult> => {
    const stdin = command.stdin
    if (Array.isArray(stdin)) throw new Error('no secrets here')
    const input =
      typeof stdin === 'object' && 'base64' in stdin ? Buffer.from(stdin.base64, 'base64') : (stdin as string)
    const timeoutMs = command.timeoutMs ?? o.timeoutMs
    const begun = performance.now()
    const result = await lab.exec(host, command.argv, {
      ...(input === undefined ? {} : { input }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(command.as === undefined ? {} : { user: command.as }),
    })
    const output = (text: string) => ({ bytes: Buffer.from(text), total: text.length, cut: false })
    return {
      ...(result.exitCode === 124 ? { endedBy: 'timeout' } : { endedBy: 'exit', exitCode: result.exitCode }),
      stdout: output(result.stdout),
      stderr: output(result.stderr),
      ms: performance.now() - begun,
    }
  }
  return {
    ...testSession(),
    run,
    job: async (id, command, o) => ({
      id,
      done: run(command, o),
      cancel: async () => ({ gone: false, detail: 'not here' }),
      remove: async () => undefined,
    }),
  }
}
