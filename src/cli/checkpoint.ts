import type { OpenIncident } from '../compose/incident.ts'
import { checkpointOfIncident, sayCheckpoint } from '../model/checkpoint.ts'
import { say } from './output.ts'

/** Says on stderr where the record stands at the end of a command, if it recorded anything: a line to keep elsewhere, for `sitrep verify --against`. */
export function tellCheckpoint(incident: Pick<OpenIncident, 'read' | 'writer'>): void {
  if (!Object.hasOwn(incident.read().writers, incident.writer)) return
  say(sayCheckpoint(checkpointOfIncident(incident.read())))
}
