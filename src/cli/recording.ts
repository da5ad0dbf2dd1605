import type { OpenIncident } from '../compose/incident.ts'
import { say } from './output.ts'

/** Says on stderr when recording stops and when it goes on, as it happens. */
export function tellRecording(incident: Pick<OpenIncident, 'onStopped' | 'onResumed' | 'pipe'>): void {
  incident.onStopped((cause, reserve) => {
    const what = reserve ? 'results are still recorded, nothing more is changed' : 'nothing more is changed'
    say(incident.pipe.text(`RECORDING STOPPED: ${cause}; ${what}`))
  })
  incident.onResumed(({ gapMs }) => say(`recording goes on after ${(gapMs / 1000).toFixed(1)} s`))
}
