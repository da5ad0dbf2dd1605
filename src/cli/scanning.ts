import type { Scanned } from '../compose/scan.ts'
import { isErasable } from '../journal/named.ts'
import type { Finding } from '../journal/scan.ts'
import { say } from './output.ts'

/** One finding for a person: where it is and of what kind. */
export function findingLine({ kind, event, type, field, file, line, lines = 1 }: Finding): string {
  const what = `‹${kind}›`
  if (event !== undefined) return `event ${event}  ${type}  ${field}  ${what}`
  return `${file}:${line}${lines > 1 ? ` (and on ${lines - 1} more ${lines === 2 ? 'line' : 'lines'})` : ''}  ${what}`
}

/** Why the value of a secret was not looked for, and how it is. */
export function unknownLine({ name, source, why }: Scanned['unknown'][number]): string {
  const next = `--secret ${name}=… looks for it too`
  if (why === 'archive')
    return `the value of ${name} was not looked for: an archive may come from elsewhere, so ${source} is not read because it says so; ${next}`
  if (why === 'short') return `the value of ${name} was not looked for: what ${source} holds is too short`
  return `the value of ${name} was not looked for: it is not known here (${source}); ${next}`
}

/** What it means that nothing was found. */
export function nothingFound({ unknown }: Pick<Scanned, 'unknown'>): string {
  if (unknown.length === 0) return 'nothing was found'
  const names = unknown.map(({ name }) => name).join(', ')
  return `nothing was found by shape; these values were not looked for: ${names}`
}

/** Asks for each event and file whether to erase it; without a terminal prints the commands that do. */
export async function offerToErase({ id, archive, found }: Scanned): Promise<void> {
  const targets = targetsOf(found)
  const events = new Set(found.map(({ event }) => event))
  const derived = [...targets.keys()].filter((what) => !events.has(what) && !isErasable(what))
  const erasable = [...targets].filter(([what]) => !derived.includes(what))
  if (archive) {
    say('an archive is only read; take it in with `sitrep open`, then scan again')
    return
  }
  const { askLine, hasTerminal } = await import('./terminal.ts')
  if (!hasTerminal()) {
    if (erasable.length > 0) say('to erase what was found:')
    for (const [what, kinds] of erasable) say(`  sitrep erase ${id} ${what} --reason '${reasonFor(kinds)}'`)
  } else {
    const { findToErase } = await import('../compose/erase.ts')
    const { eraseAndTell, whatIsErased } = await import('./erasing.ts')
    const gone = new Set<string>()
    for (const [what, kinds] of erasable) {
      if (gone.has(what)) continue
      const erasure = await findToErase(id, what)
      for (const line of whatIsErased(erasure)) say(line)
      const said = await askLine("Erase this? It can't be taken back. [y/N] ", { fresh: true })
      // The end of the input is the end of the questions.
      if (said === undefined) break
      if (!/^y(?:es)?$/i.test(said.trim())) continue
      await eraseAndTell(erasure, reasonFor(kinds), say)
      for (const file of erasure.files) gone.add(file)
    }
  }
  for (const file of derived)
    say(`${file} is made from the record: erase there first, then export it again or remove it`)
}

/** What was found by what is given to `sitrep erase`: an event's id or a file. */
function targetsOf(found: readonly Finding[]): Map<string, Set<string>> {
  const targets = new Map<string, Set<string>>()
  for (const { event, file, kind } of found) {
    const what = event ?? file ?? ''
    targets.set(what, (targets.get(what) ?? new Set()).add(kind))
  }
  return targets
}

/** Said so that it does not pass for a secret itself when it is recorded. */
function reasonFor(kinds: ReadonlySet<string>): string {
  const said = [...kinds].map((kind) =>
    kind.replace(/^secret:/, 'the value of ').replace(/^redacted:/, 'the shape '),
  )
  return `sitrep scan found ${said.join(', ').replace(/[^A-Za-z0-9_., -]/g, '_')}`
}
