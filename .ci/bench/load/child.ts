// Loads one incident in this process and prints what it took; started by ../load.ts, bundled as sitrep is.
import { loadIncident } from '../../../src/journal/incidents.ts'

const [root = '', id = ''] = process.argv.slice(2)
const before = process.resourceUsage().maxRSS
const cpu = process.threadCpuUsage()
const began = performance.now()
const { incident } = await loadIncident(root, id)
const ms = performance.now() - began
const { user, system } = process.threadCpuUsage(cpu)
const { events, timeline } = incident
// maxRSS is in kilobytes.
const rss = process.resourceUsage().maxRSS
console.log(
  JSON.stringify({
    ms,
    cpuMs: (user + system) / 1000,
    events,
    rows: timeline.length,
    rssMb: rss / 1024,
    beforeMb: before / 1024,
  }),
)
