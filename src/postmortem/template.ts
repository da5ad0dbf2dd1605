import type { Root } from 'mdast'
import type { Incident } from '../model/incident.ts'

/** A form of the postmortem; one file in src/postmortem/templates/. The same incident gives the same tree. */
export interface Template {
  name: string
  summary: string
  build(incident: Incident): Root
}
