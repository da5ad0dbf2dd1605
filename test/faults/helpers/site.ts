import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { stringify } from 'yaml'
import { writeBook } from '../../e2e/helpers/book.ts'
import { type Running, recorded, start } from '../../e2e/helpers/running.ts'
import { type Desk, desk } from '../../e2e/helpers/sitrep.ts'
import type { Lab } from '../../lab/types.ts'
import { residueOf } from './residue.ts'

/** Limits of silence that a test can wait for. */
const shortLimits = {
  resolve: '2s',
  connect: '2s',
  handshake: '3s',
  authentication: '3s',
  stale: '600ms',
  lost: '2s',
  back: '30s',
}

type Data = Record<string, unknown>

/** A desk with a runbook for one host of the lab, and what a test wants to know of that host afterwards. */
export interface Site extends Disposable {
  at: Desk
  host: string
  /** Writes the inventory anew; these are added to the host's entry, and further hosts to it. */
  reach(entry: Data, others?: Record<string, Data>): void
  book(steps: readonly Data[], more?: Data): void
  /** Starts `sitrep run` with `--yes --json`. */
  run(...args: string[]): Running
  /** The same, within the newest incident. */
  goOn(...args: string[]): Running
  /** Shell text that notes on the host that it ran. */
  mark(word: string): string
  /** Shell text that holds where a mark of this word was made. */
  marked(word: string): string
  /** What ran on the host, in order, one word for each time. */
  ran(): Promise<string[]>
  /** Shell text that waits until the test opens this gate. */
  gate(name: string): string
  open(name: string): Promise<unknown>
  /** What this test left on the host: folders of jobs, locks, reverts, and processes; ended connections are waited for. */
  left(known?: readonly string[]): Promise<string[]>
  /**
   * The same where a console was cut off in the middle of its first job: another one settled that, and leaves its folder for an
   * hour, so that an order which comes late starts nothing. Then `sitrep doctor --clean` removes it.
   */
  leftLater(): Promise<string[]>
  /** The data of all recorded events of a type. */
  of(type: string): Data[]
  /** All that a step printed on stdout and stderr, as it is kept. */
  printed(applied: Data | undefined): string
  /** Runs on the host as root; throws where it fails. */
  root(command: string): Promise<string>
}

let sites = 0

/** The entry of a host of the lab in an inventory. */
export function entryOf(lab: Lab, host: string): Data {
  const { address, port, user, identityFile, knownHosts } = lab.hosts[host]!
  return { address, port, user, identity_file: identityFile, known_hosts: knownHosts }
}

/** Makes a site; `entry` is added to the host's entry of the inventory. */
export async function site(lab: Lab, entry: Data = {}, host = 'core-1'): Promise<Site> {
  const at = desk()
  const own = `/var/tmp/site-${process.pid}-${++sites}`
  const root = async (command: string) => {
    const { exitCode, stdout, stderr } = await lab.exec(host, ['sh', '-c', command])
    if (exitCode !== 0) throw new Error(`${command}: exit ${exitCode}: ${stderr}`)
    return stdout
  }
  const reach = (more: Data, others: Record<string, Data> = {}) =>
    writeFileSync(
      join(at.cwd, 'sitrep.yaml'),
      stringify({ link: shortLimits, hosts: { [host]: { ...entryOf(lab, host), ...more }, ...others } }),
    )
  reach(entry)
  const { user } = lab.hosts[host]!
  const left = await residueOf(root, user)
  const run = (...args: string[]) => start(at, 'run', 'book.yaml', '--yes', '--json', ...args)
  return {
    at,
    host,
    reach,
    book: (steps, more) => writeBook(at, steps, { hosts: host, ...more }),
    run,
    goOn: (...args) => run('--incident', at.incident(), ...args),
    mark: (word) => `echo ${word} >> ${own}`,
    marked: (word) => `grep -qx ${word} ${own}`,
    ran: async () => (await root(`cat ${own} 2>/dev/null || :`)).split('\n').filter((line) => line !== ''),
    gate: (name) => `while [ ! -e ${own}.${name} ]; do sleep 0.05; done`,
    open: (name) => root(`touch ${own}.${name}`),
    left,
    async leftLater() {
      const [first] = recorded(at).filter(({ type }) => type === 'step.started')
      const folder = `/home/${user}/.local/state/sitrep/jobs/${first?.id}`
      const soon = await left([folder])
      if (soon.length > 0) return soon
      await root(`touch -d '2 hours ago' ${folder}/mark`)
      const { exitCode, stderr } = await at.sitrep('doctor', host, '--clean')
      return exitCode === 0 ? left() : [stderr]
    },
    of: (type) => recorded(at).flatMap((event) => (event.type === type ? [event.data as Data] : [])),
    printed(applied) {
      const artifact = applied?.artifact as { sha256: string } | undefined
      if (artifact === undefined) return `${applied?.stdout}\n${applied?.stderr}`
      const folder = join(at.home, 'incidents', at.incident(), 'artifacts')
      return gunzipSync(readFileSync(join(folder, `${artifact.sha256}.gz`))).toString()
    },
    root,
    [Symbol.dispose]: () => at[Symbol.dispose](),
  }
}
