// `npm run bench`: every program in .ci/bench, one after the other, each in a process of its own so that none measures
// what another left in memory. `node .ci/bench.ts load pipe` runs those two only. What a program needs beside itself
// stands in a folder of its name.
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { execa } from 'execa'

const dir = join(import.meta.dirname, 'bench')
const names = globSync('*.ts', { cwd: dir })
  .map((file) => basename(file, '.ts'))
  .sort()

const wanted = process.argv.slice(2)
const strangers = wanted.filter((name) => !names.includes(name))
if (strangers.length > 0) {
  console.error(`no bench ${strangers.join(', ')}; there are ${names.join(', ')}`)
  process.exit(2)
}
for (const name of wanted.length > 0 ? wanted : names) {
  console.log(`\n== ${name}`)
  await execa(process.execPath, [join(dir, `${name}.ts`)], {
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
  })
}
