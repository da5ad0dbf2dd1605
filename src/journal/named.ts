// Which files beside the journal an event names: artifacts by the sha256 of their stored bytes, closed parts of logs.
import type { EventRecord } from '../model/event.ts'

/** A file that an event names, relative to the incident's folder, with the sha256 of its bytes as the event has it. */
export interface NamedFile {
  file: string
  sha256: string
}

/** The files that a record's data names; none for an erased one. A name that leads elsewhere is not taken. */
export function filesOf({ type, data }: Pick<EventRecord, 'type' | 'data'>): NamedFile[] {
  if (typeof data !== 'object' || data === null) return []
  const fields = data as Record<string, unknown>
  const named: NamedFile[] = []
  const artifact = fields.artifact as { sha256?: unknown } | null | undefined
  for (const sha256 of [artifact?.sha256, type === 'artifact.added' ? fields.sha256 : undefined]) {
    if (isSha256(sha256)) named.push({ file: artifactFile(sha256), sha256 })
  }
  const { file, sha256 } = fields
  if (type === 'log.kept' && isSha256(sha256) && typeof file === 'string' && isLogFile(file)) {
    named.push({ file, sha256 })
  }
  return named
}

/** The file that a record says was dropped to keep the logs within their bound. */
export function droppedFile({ type, data }: Pick<EventRecord, 'type' | 'data'>): string | undefined {
  const file = type === 'log.dropped' ? (data as { file?: unknown } | undefined)?.file : undefined
  return typeof file === 'string' ? file : undefined
}

/** What an `erased` record says: the event, the files, and why; undefined for any other record. */
export function erasureOf({
  type,
  data,
}: Pick<EventRecord, 'type' | 'data'>): { event?: string; files: string[]; reason: string } | undefined {
  if (type !== 'erased' || typeof data !== 'object' || data === null) return undefined
  const { event, files, reason } = data as Record<string, unknown>
  return {
    ...(typeof event === 'string' ? { event } : {}),
    files: Array.isArray(files) ? files.filter((file) => typeof file === 'string') : [],
    reason: typeof reason === 'string' ? reason : '',
  }
}

/** `artifacts/<sha256>.gz`. */
export function artifactFile(sha256: string): string {
  return `artifacts/${sha256}.gz`
}

/** True for a file that may be erased: an artifact, a part of a log, or a torn line that was set aside. Nothing else is reached by such a name. */
export function isErasable(file: string): boolean {
  return (
    /^artifacts\/[0-9a-f]{64}\.gz$/.test(file) ||
    isLogFile(file) ||
    /^journal\/[A-Za-z0-9_][A-Za-z0-9_.-]*\.torn-\d+$/.test(file)
  )
}

/** True for a path under `logs/` that stays there. */
function isLogFile(file: string): boolean {
  const parts = file.split('/')
  return (
    parts.length > 1 && parts[0] === 'logs' && parts.slice(1).every((part) => /^(?!\.)[^/\\\0]+$/.test(part))
  )
}

function isSha256(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}
