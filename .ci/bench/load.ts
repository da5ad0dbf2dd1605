// How long an incident of 100,000 events takes to be loaded and folded, and how much memory the process has at most;
// with SITREP_FULL also one of 1,000,000. Each load is a process of its own.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { execa } from 'execa'
import { journalFiles } from '../../src/journal/files.ts'
import { generate } from './load/generate.ts'

interface Loaded {
  ms: number
  /** Of the thread that folds; what the load takes where nothing else wants the processor. */
  cpuMs: number
  events: number
  rows: number
  rssMb: number
  beforeMb: number
}

const writers = 4
const root = mkdtempSync(join(tmpdir(), 'sitrep-bench-'))
try {
  const child = join(root, 'child.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'load', 'child.ts')],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    minify: true,
  })
  for (const count of process.env.SITREP_FULL ? [100_000, 1_000_000] : [100_000]) {
    const id = `bench-${count}`
    const dir = join(root, 'incidents', id)
    const began = performance.now()
    await generate(dir, count, writers)
    const seconds = (performance.now() - began) / 1000
    const bytes = (await journalFiles(dir)).reduce((sum, { path }) => sum + statSync(path).size, 0)
    console.log(
      `${count} events by ${writers} writers: ${Math.round(bytes / 2 ** 20)} MiB, made in ${seconds.toFixed(1)} s`,
    )
    const loads: Loaded[] = []
    for (let run = 0; run < 7; run++) {
      const { stdout } = await execa(process.execPath, [child, root, id], { stdin: 'ignore' })
      loads.push(JSON.parse(stdout) as Loaded)
    }
    const of = (key: keyof Loaded) => loads.map((load) => load[key]).sort((a, b) => a - b)
    const show = (key: keyof Loaded, unit: string) =>
      `${of(key)[3]!.toFixed(0)} ${unit} (${of(key)[0]!.toFixed(0)} to ${of(key)[6]!.toFixed(0)})`
    console.log(
      `  load and fold ${show('ms', 'ms')}, of processor time ${show('cpuMs', 'ms')}; ${of('rows')[0]} rows`,
    )
    console.log(
      `  memory of the process at most ${show('rssMb', 'MB')}, of which ${show('beforeMb', 'MB')} before`,
    )
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}
