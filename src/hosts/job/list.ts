import type { JobListing } from '../../model/command.ts'
import { stillRunning } from '../../model/stillRunning.ts'
import type { Machine } from '../machine.ts'
import { lookAt } from './look.ts'
import { unknowns, withoutSupervisor } from './outcome.ts'
import { removeJobs } from './removals.ts'
import { common } from './text.ts'

/** Shell text that prints one line for each job of the user: id, since when, how it stands, and its command. */
const listText = (nonce: string) => `${common(nonce)}
say now "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
for D in "$B"/*; do
  [ -d "$D" ] || continue
  W=50 S=
  if [ ! -e "$D/exit" ] && alive && [ ! -e "$D/exit" ]; then w=running; else w=$(outcome 2>&1); w=\${w#"$N:"}; fi
  { printf '%s\\t%s\\t%s\\t' "\${D##*/}" "$(date -u -r "$D/mark" +%Y-%m-%dT%H:%M:%SZ)" "$w"
    head -n 1 "$D/command" | cut -c 1-300; } 2>/dev/null
done`

/** The jobs of the login user that are on the host, running or over; throws where it does not answer. */
export async function listJobs(machine: Machine): Promise<JobListing[]> {
  const { marks, stdout } = await lookAt(machine, listText)
  const now = Date.parse(marks.get('now') ?? '')
  return Buffer.from(stdout.bytes)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const listing = readListing(line)
      if (listing === undefined) return []
      const { id, since = '' } = listing
      const ageMs = now - Date.parse(since)
      const age = Number.isNaN(ageMs) ? {} : { ageMs }
      return [{ ...listing, ...age, remove: () => removeJobs(machine, [id]) }]
    })
}

/** Reads one line of `listText`; undefined for what none of ours wrote. */
export function readListing(line: string): Omit<JobListing, 'remove'> | undefined {
  const [id = '', since = '', word = '', ...command] = line.split('\t')
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(id) || command.length === 0) return undefined
  const known = /^\d{4}-\d\d-\d\dT/.test(since) ? { since } : {}
  return { id, ...known, command: command.join('\t'), ...stateOf(word) }
}

function stateOf(word: string): Pick<JobListing, 'is' | 'exitCode' | 'reason' | 'unbegun'> {
  if (word === 'running') return { is: 'running' }
  if (word === 'unbegun') return { is: 'done', exitCode: 125, unbegun: true }
  const [, left] = /^left (.+)$/.exec(word) ?? []
  if (left !== undefined) return { is: 'unknown', reason: stillRunning(withoutSupervisor(left)) }
  const [, exit] = /^exit (\d{1,3})$/.exec(word) ?? []
  if (exit !== undefined) return { is: 'done', exitCode: Number(exit) }
  const why = unknowns[word.split(' ')[0] === 'exit' ? 'torn-exit' : word]
  return { is: 'unknown', reason: why ?? 'it does not say how it stands' }
}
