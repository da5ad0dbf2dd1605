import type { Reader } from '../../model/command.ts'

/** A program that is missing on a host, and what does not work without it. */
export interface MissingTool {
  tool: string
  /** What is missing with it. */
  costs: string
  /** True where nothing works without it. */
  vital: boolean
}

/** What sitrep's own texts call on a host, beside the shell's builtins. */
const vital = 'base64 cat cut head mkdir mv rm sed sleep tail tr wc'.split(' ')

const useful: Record<string, string> = {
  awk: 'sudo: steps that run as another user',
  date: 'the clock is not measured',
  flock: 'locks hold by the process numbers of jobs only',
  ls: 'a cancel finds no process that left its session and its parents',
  setsid: 'jobs need perl in its place, else they end with their link',
  sha256sum: 'steps that change files',
  sudo: 'steps that run as another user',
}

/** Which of the programs that sitrep calls are not on a host. */
export async function missingTools(host: Reader): Promise<MissingTool[]> {
  const names = [...vital, ...Object.keys(useful)]
  const script = 'for t in "$@"; do command -v "$t" >/dev/null 2>&1 || printf "%s\\n" "$t"; done'
  const result = await host.run({ argv: ['sh', '-c', script, 'sitrep', ...names] })
  if (result.endedBy !== 'exit') throw new Error(result.problem ?? `the look was ended by ${result.endedBy}`)
  const missing = new Set(Buffer.from(result.stdout.bytes).toString('utf8').split('\n'))
  return names
    .filter((tool) => missing.has(tool))
    .map((tool) => ({ tool, costs: useful[tool] ?? 'jobs can not be run', vital: vital.includes(tool) }))
}
