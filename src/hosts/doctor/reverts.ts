import type { Reader } from '../../model/command.ts'

/** A timed revert that is on a host; `state` is what its own program says: `armed 42`, `confirmed`, `fired ok …`. */
export interface RevertListing {
  id: string
  state: string
}

/** Each revert is asked by its own program, whose order `look` changes nothing (run/revert/program.ts). */
const listText = `for D in "\${XDG_STATE_HOME:-$HOME/.local/state}"/sitrep/reverts/*; do
  [ -f "$D/revert" ] || continue
  printf '%s\\t' "\${D##*/}"; sh "$D/revert" look 2>/dev/null </dev/null | head -n 1 | tr '\\t' ' '; echo
done`

/** The reverts of the login user on a host; those of other users, as of a step that runs as root, are in folders of theirs. */
export async function listReverts(host: Reader): Promise<RevertListing[]> {
  const result = await host.run({ argv: ['sh', '-c', listText] })
  if (result.endedBy !== 'exit') throw new Error(result.problem ?? `the look was ended by ${result.endedBy}`)
  return Buffer.from(result.stdout.bytes)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [id = '', state] = line.split('\t')
      return state === undefined ? [] : [{ id, state: state || 'it does not say how it stands' }]
    })
}
