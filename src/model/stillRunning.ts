import type { RunResult } from './command.ts'

const words = 'still running: '

/** The problem of a command that could not be ended, with what a look found of it. */
export const stillRunning = (detail: string): string => `${words}${detail}`

/** True where a result only says that the command could not be ended: its own end is to come. */
export function isStillRunning({ problem }: Pick<RunResult, 'problem'>): boolean {
  return problem?.startsWith(words) === true
}
