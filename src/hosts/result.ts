import type { Command, Output, RunResult } from '../model/command.ts'
import type { Conversation } from './converse.ts'
import { hostWords } from './errors.ts'
import { sudoProblem } from './sudo/problem.ts'
import type { ChannelEnd } from './transport.ts'

/** A shell's status for a child that a signal ended is 128 + its number; only those that no program exits with by itself. */
const signals: Record<number, string> = {
  134: 'SIGABRT',
  136: 'SIGFPE',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
}

/** How a status of the host's shell ended the command. */
export function exitOf(code: number): Pick<RunResult, 'endedBy' | 'exitCode' | 'signal'> {
  const signal = signals[code]
  return signal === undefined
    ? { endedBy: 'exit', exitCode: code }
    : { endedBy: 'signal', exitCode: code, signal }
}

/** The result of a command that ran in its own channel. */
export function resultOf(o: {
  command: Command
  talk: Conversation
  end: ChannelEnd
  stop: { by: 'timeout' | 'cancel'; left?: string } | undefined
  stdout: Output
  stderr: Output
  ms: number
}): RunResult {
  const { stdout, stderr, ms, end, stop } = o
  const rest = { stdout, stderr, ms }
  if (stop)
    return {
      endedBy: stop.by,
      ...rest,
      ...(stop.left === undefined ? {} : { problem: `still running: ${stop.left}` }),
    }
  if ('lost' in end) return { endedBy: 'lost', ...rest, problem: end.lost }
  const problem = notRun(o.command, o.talk, end, stderr.bytes)
  if (problem !== undefined) return { endedBy: 'exit', ...rest, problem }
  if ('signal' in end) return { endedBy: 'signal', signal: end.signal, ...rest }
  return { ...exitOf(end.code), ...rest }
}

/** Why the command itself never ran, in words; its exit is then nobody's, and not reported as the command's own. */
export function notRun(
  command: Command,
  talk: Pick<Conversation, 'marks' | 'banner' | 'sudoProblem' | 'surelyRan'>,
  end: { code: number } | { signal: string },
  stderr: Uint8Array,
): string | undefined {
  if (!talk.marks.has('begin')) {
    const said = hostWords(talk.banner())
    return `the login shell did not run the command${said === '' ? '' : `: ${said}`}`
  }
  if (talk.marks.has('folder')) return `the folder ${command.cwd ?? ''} is not there, or can not be entered`
  if (talk.marks.has('torn'))
    return 'the link was lost before the whole input had arrived; the command did not run'
  if (talk.marks.has('nosudo')) return 'sudo: not installed on this host'
  const said = talk.sudoProblem()
  if (said !== undefined) return said
  const failed = 'code' in end && end.code !== 0
  return failed && !talk.surelyRan() ? sudoProblem(stderr) : undefined
}
