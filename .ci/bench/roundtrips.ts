// How many round trips things take on an open connection: a real sshd behind a proxy that holds every byte for 50 ms in each
// direction, so that 100 ms are one round trip. What is beyond a whole number is work on both sides.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateSshd } from '../../test/lab/privateSshd.ts'
import { startDelay } from './roundtrips/delay.ts'

const roundTrip = 100
const runs = Number(process.env.SITREP_BENCH_RUNS ?? 5)
const home = mkdtempSync(join(tmpdir(), 'sitrep-roundtrips-'))
process.env.SITREP_HOME = join(home, 'state')
// After the environment is set: the folder of the state is read when these are loaded.
const { runContext } = await import('../../src/compose/context.ts')
const { createFleet } = await import('../../src/compose/fleet.ts')
const { declare } = await import('../../src/compose/incident.ts')
const { openRunbook } = await import('../../src/compose/open.ts')
const { prepareRun } = await import('../../src/compose/prepare.ts')
const { createOutputs, planAll } = await import('../../src/run/run.ts')
const { runUnit } = await import('../../src/run/step.ts')

const sshd = await privateSshd({ config: [`SetEnv XDG_STATE_HOME=${join(home, 'host')} SHLVL=2`] })
const link = await startDelay(sshd.port, roundTrip / 2)
const knownHosts = join(home, 'known_hosts')
writeFileSync(
  knownHosts,
  readFileSync(sshd.knownHosts, 'utf8').replaceAll(`:${sshd.port} `, `:${link.port} `),
)
const [file, wanted] = [join(home, 'synced'), join(home, 'wanted')]
writeFileSync(wanted, 'wanted\n')
writeFileSync(
  join(home, 'book.yaml'),
  `runbook: book
title: Round trips
hosts: [box]
steps:
${Array.from({ length: 10 }, (_, at) => `  - { id: look${at}, title: Look, uses: shell, with: { run: echo ${at}, unless: 'false' } }`).join('\n')}
  - { id: plain, title: Plain, uses: shell, with: { run: echo plain } }
  - { id: typed, title: Typed, uses: file.sync, with: { source: ${wanted}, path: ${file} } }
`,
)

const host = {
  name: 'box',
  transport: 'ssh2' as const,
  address: '127.0.0.1',
  port: link.port,
  user: sshd.user,
  groups: [],
  production: false,
  path: [],
  env: {},
  vars: {},
  identityFiles: [sshd.identityFile],
  knownHosts: [knownHosts],
}
const incident = await declare({ title: 'Round trips' })
const inventory = { hosts: [host], confirmOver: 3 }
const prepared = await prepareRun({
  runbook: await openRunbook(join(home, 'book.yaml')),
  inventory,
  hosts: [],
  given: {},
  sources: {
    env: process.env,
    readFile: async (path) => readFileSync(path, 'utf8'),
    stdin: async () => '',
    secrets: incident.secrets,
    cwd: home,
  },
})
const fleet = await createFleet({ hosts: [host], secrets: incident.secrets, append: incident.append })
const context = runContext({
  run: crypto.randomUUID(),
  record: incident,
  inventory,
  prepared,
  fleet,
  approve: async () => ({ answer: 'run', how: 'yes' }),
  signal: new AbortController().signal,
})

/** The medians of some runs, each over an open connection on which nothing else is on its way. */
async function measure(name: string, work: () => Promise<unknown>, before = () => {}): Promise<void> {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    before()
    await link.quiet()
    const started = performance.now()
    await work()
    times.push(performance.now() - started)
  }
  const median = times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0
  const trips = (median / roundTrip).toFixed(1)
  console.log(`${trips.padStart(6)} round trips  (${Math.round(median)} ms)  ${name}`)
}

try {
  const opened = performance.now()
  const session = await fleet.session('box')
  console.log(`${((performance.now() - opened) / roundTrip).toFixed(1).padStart(6)} round trips  connecting`)
  const unit = (id: string) => {
    const found = prepared.units.find(({ step }) => step.id === id)
    if (!found) throw new Error(`no step ${id}`)
    return found
  }
  const looks = prepared.units.filter(({ step }) => step.id.startsWith('look'))
  const once = (id: string) => runUnit(context, unit(id), createOutputs())
  const read = () => session.run({ argv: ['true'] })
  await measure('one read-only command', read)
  await measure('ten read-only commands', () => Promise.all(Array.from({ length: 10 }, read)))
  await measure('a plan of ten steps that look', () => planAll(context, looks))
  await measure('a shell step without a guard', () => once('plain'))
  await measure('ten shell steps without a guard', async () => {
    for (let step = 0; step < 10; step++) await once('plain')
  })
  await measure(
    'file.sync: inspect, apply, verify',
    () => once('typed'),
    () => rmSync(file, { force: true }),
  )
} finally {
  await fleet[Symbol.asyncDispose]()
  await incident.close()
  await link.close()
  await sshd.stop()
  rmSync(home, { recursive: true, force: true })
}
