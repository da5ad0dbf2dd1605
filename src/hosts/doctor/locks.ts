import type { Reader } from '../../model/command.ts'
import type { LockHolder } from '../../model/lock.ts'
import { lockFunctions } from '../lock/functions.ts'
import { holderOf } from '../lock/holder.ts'

/** Prints a line for each lock that is held now, in the shared place and in the user's own. */
const listText = `${lockFunctions('none')}
lkup
for r in /run/lock/sitrep "\${XDG_STATE_HOME:-$HOME/.local/state}/sitrep/locks"; do
  [ -d "$r" ] && [ ! -L "$r" ] || continue
  for f in "$r"/*/*; do
    case $f in *.over) continue;; esac
    [ -f "$f" ] && [ ! -L "$f" ] || continue
    d=\${f%/*}
    if lklive "$f"; then lktell "\${f##*/}" "\${d##*/}"; echo; fi
  done
done`

/** The locks that are held on a host now, each once; what their resources are called only their journals know. */
export async function heldLocks(host: Reader): Promise<Omit<LockHolder, 'resource'>[]> {
  const result = await host.run({ argv: ['sh', '-c', listText] })
  if (result.endedBy !== 'exit') throw new Error(result.problem ?? `the look was ended by ${result.endedBy}`)
  const found = new Map<string, Omit<LockHolder, 'resource'>>()
  for (const line of Buffer.from(result.stdout.bytes).toString('utf8').split('\n')) {
    if (line === '') continue
    const { resource: _, ...holder } = holderOf(line, [])
    found.set(holder.lock, holder)
  }
  return [...found.values()]
}
