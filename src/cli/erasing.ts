import { eraseFound, type FoundErasure } from '../compose/erase.ts'
import { inert } from '../logs/inert.ts'

/** What an erasure takes away and what it leaves, in lines for a person. */
export function whatIsErased({ event, files, staying, named }: FoundErasure): string[] {
  const lines: string[] = []
  if (event) {
    const { type, at, by, host, step, line } = event
    const where = [host, step].filter((word) => word !== undefined).join(' ')
    lines.push(`event ${line.id}: ${type}${where === '' ? '' : ` (${where})`}, ${at} by ${by}`)
  }
  for (const file of files) lines.push(`file ${file}`)
  for (const { file, events } of staying)
    lines.push(`  ${file} stays: ${events.slice(0, 3).join(', ')} names it too`)
  if (named.length > 0) lines.push(`  its first lines may stand in ${named.slice(0, 3).join(', ')} too`)
  if (event && /^(?:step|undo)\./.test(event.type))
    lines.push('  undo and resume of this step will not know of it any more')
  if (event?.type === 'incident.declared')
    lines.push('  the incident loses its title; its id keeps the words of it')
  return lines.map((line) => inert(line))
}

/** Erases, and says what is left to do elsewhere. */
export async function eraseAndTell(
  found: FoundErasure,
  reason: string,
  tell: (line: string) => void,
): Promise<void> {
  await eraseFound(found, reason)
  const what = [...(found.event ? [found.event.line.id] : []), ...found.files].join(', ')
  tell(inert(`erased: ${what}`))
  if (found.exports.length === 0) return
  tell('what was written since may still hold it; export it again or remove it:')
  for (const path of found.exports) tell(inert(`  ${path}`))
}
