// Times of whole commands, as a person waits for them: the median of several runs, with the fastest and the slowest.
// Compared with the smallest program that Node can run, since machines differ.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

const bin = join(import.meta.dirname, '..', '..', 'bin', 'sitrep')
const home = mkdtempSync(join(tmpdir(), 'sitrep-bench-'))
const env = { SITREP_HOME: join(home, 'state'), XDG_CONFIG_HOME: home }
const runbook = join(import.meta.dirname, '..', '..', 'runbooks', 'core-pm2.yaml')

const cases: { name: string; args: string[]; runs: number }[] = [
  { name: 'node -e 0', args: ['-e', '0'], runs: 11 },
  { name: 'sitrep --version', args: [bin, '--version'], runs: 11 },
  { name: 'sitrep --help', args: [bin, '--help'], runs: 11 },
  { name: 'sitrep list', args: [bin, 'list'], runs: 11 },
  { name: 'sitrep lint core-pm2', args: [bin, 'lint', runbook], runs: 11 },
  { name: 'sitrep demo, to its postmortem', args: [bin, 'demo'], runs: 3 },
]

try {
  for (const { name, args, runs } of cases) {
    const times: number[] = []
    // The first run fills the compile cache and is not counted.
    for (let run = 0; run <= runs; run++) {
      const started = performance.now()
      await execa(process.execPath, args, { cwd: home, env, stdin: 'ignore', reject: true })
      if (run > 0) times.push(performance.now() - started)
    }
    times.sort((a, b) => a - b)
    const [fastest, median, slowest] = [times[0], times[Math.floor(times.length / 2)], times.at(-1)]
    const show = (ms: number | undefined) => `${Math.round(ms ?? 0)} ms`.padStart(9)
    console.log(`${show(median)}  (${show(fastest)} to ${show(slowest)})  ${name}`)
  }
} finally {
  rmSync(home, { recursive: true, force: true })
}
