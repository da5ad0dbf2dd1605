import { mkdir, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { messageOf, SitrepError } from '../model/errors.ts'
import type { Severity } from '../model/event.ts'
import type { Incident } from '../model/incident.ts'
import { privateDir, syncDir } from './files.ts'
import { foldJournal } from './fold.ts'
import { incidentIdOf, isIncidentId } from './ids.ts'
import { type Journal, type JournalOptions, openJournal } from './open.ts'
import type { JournalProblem } from './position.ts'
import { reserveFile } from './reserve.ts'

/** Where sitrep keeps its state: `$SITREP_HOME`, `$XDG_STATE_HOME/sitrep`, or `~/.local/state/sitrep`; relative values are no place (XDG). */
export function stateRoot(env: NodeJS.ProcessEnv = process.env): string {
  const home = env.SITREP_HOME
  if (home) {
    if (!isAbsolute(home)) throw new SitrepError('usage', `SITREP_HOME is not an absolute path: ${home}`)
    return home
  }
  const state = env.XDG_STATE_HOME
  return state && isAbsolute(state) ? join(state, 'sitrep') : join(homedir(), '.local', 'state', 'sitrep')
}

/** The folder of an incident. */
export function incidentDir(root: string, id: string): string {
  if (!isIncidentId(id)) throw new SitrepError('usage', `not an incident id: ${id}`)
  return join(root, 'incidents', id)
}

/** Makes the folder of a new incident; a second one of the same name on the same day gets `-2`. */
export async function createIncident(o: {
  root: string
  title: string
  now?: () => number
}): Promise<{ id: string; dir: string }> {
  const base = incidentIdOf(o.title, (o.now ?? Date.now)())
  await privateDir(o.root)
  await privateDir(join(o.root, 'incidents'))
  for (let count = 1; ; count++) {
    const id = count === 1 ? base : `${base}-${count}`
    const dir = incidentDir(o.root, id)
    try {
      await mkdir(dir, { mode: 0o700 })
      await syncDir(join(o.root, 'incidents'))
      return { id, dir }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw recordingError(dir, error)
    }
  }
}

/** Declares an incident: its folder, this process's journal in it, and the first events. */
export async function declareIncident(
  o: {
    root: string
    title: string
    severity: Severity
    /** When the impact started, ISO 8601 UTC. */
    started?: string
    /** The alert's own text, of `--from`. */
    alert?: string
  } & Omit<JournalOptions, 'dir'>,
): Promise<{ id: string; dir: string; journal: Journal }> {
  const { id, dir } = await createIncident(o)
  const journal = await openJournal({ reserve: reserveFile(o.root), ...o, dir })
  await journal.append('incident.declared', {
    incident: id,
    title: o.title,
    severity: o.severity,
    ...(o.alert === undefined ? {} : { alert: o.alert }),
  })
  if (o.started !== undefined) {
    await journal.append('milestone.set', { milestone: 'impact_started', at: o.started })
  }
  return { id, dir, journal }
}

/** The id that a whole id or the beginning of exactly one means. */
export async function findIncident(root: string, prefix: string): Promise<string> {
  const ids = await incidentIds(root)
  if (ids.includes(prefix)) return prefix
  const found = prefix === '' ? [] : ids.filter((id) => id.startsWith(prefix))
  if (found.length === 1) return found[0]!
  if (found.length > 1) {
    const some = found.slice(0, 5).join(', ') + (found.length > 5 ? ', …' : '')
    throw new SitrepError('usage', `${found.length} incidents begin with ${prefix}: ${some}`, {
      next: 'give more of the id',
    })
  }
  throw new SitrepError('usage', `no incident ${prefix}`, { where: root, next: 'sitrep list shows them' })
}

/** An incident as its journal tells it. */
export interface LoadedIncident {
  id: string
  dir: string
  incident: Incident
  problems: JournalProblem[]
}

/** Reads and folds one incident; its records are not kept: `eachRecord` gives them. */
export async function loadIncident(root: string, id: string): Promise<LoadedIncident> {
  const dir = incidentDir(root, id)
  const { fold, problems } = await foldJournal(dir, id)
  return { id, dir, incident: fold.incident(), problems }
}

/** The ids of all incidents, newest first. */
export async function incidentIds(root: string): Promise<string[]> {
  const entries = await readdir(join(root, 'incidents'), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw new SitrepError('failed', `the incidents can't be listed: ${error.message}`, {
        where: root,
        cause: error,
      })
    },
  )
  return entries
    .filter((entry) => entry.isDirectory() && isIncidentId(entry.name))
    .map((entry) => entry.name)
    .sort()
    .reverse()
}

function recordingError(dir: string, cause: unknown): SitrepError {
  return new SitrepError('recording', `RECORDING STOPPED: ${messageOf(cause)}`, { where: dir, cause })
}
