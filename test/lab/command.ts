import { listFaults } from './faults.ts'
import { hostRow, hostRows } from './hosts.ts'
import { images } from './images.ts'
import { attach, down, labAvailable, labIsUp, up } from './lab.ts'
import { installPackages } from './packages.ts'
import type { Lab } from './types.ts'

const usage = `node test/lab/lab.ts COMMAND
  packages             install what is missing (as root on Debian), or say it
  build                build the images that the cache does not hold
  up | down            boot all hosts; end them and remove everything
  status               what is up, and how to reach it
  reset [HOST]         back to pristine: a fresh root and a boot
  restore HOST         back to healthy in place: files and services
  break FAULT [HOST]   put a fault in place
  faults               list them
  exec HOST -- CMD...  run a command on a host as root
  snapshot HOST        files, processes and ports, to compare`

/** The lab's command line; gives the exit code. */
export async function main([command = '', ...args]: string[]): Promise<number> {
  const log = (line: string) => console.error(line)
  const begun = performance.now()
  const done = (what: string) => log(`${what} after ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  const commands: Record<string, () => Promise<unknown>> = {
    packages: async () => installPackages(),
    build: async () => done(`built ${(await images(log)).folder}`),
    up: async () => {
      const lab = await up({ log })
      done('up')
      printStatus(lab)
    },
    down: async () => done(`${await down().then(() => 'down')}`),
    status: async () => {
      if (labIsUp()) return printStatus(await attach())
      const available = await labAvailable()
      console.log(`not up; ${available.ok ? `can run as ${available.kind}` : available.reason}`)
    },
    reset: async () => done(`${await (await attach()).reset(args[0]).then(() => 'reset')}`),
    restore: async () => done(`${await (await attach()).restore(args[0] ?? '').then(() => 'restored')}`),
    break: async () => done(`${await (await attach()).break(args[0] ?? '', args[1]).then(() => 'broken')}`),
    faults: async () => {
      for (const fault of listFaults())
        console.log(`${fault.name.padEnd(20)} ${fault.host.padEnd(8)} ${fault.title}`)
    },
    snapshot: async () => process.stdout.write(await (await attach()).snapshot(args[0] ?? '')),
  }
  try {
    if (command === 'exec') return await exec(await attach(), args)
    const run = commands[command]
    if (!run) {
      log(usage)
      return 2
    }
    await run()
    return 0
  } catch (error) {
    log((error as Error).message)
    return 1
  }
}

async function exec(lab: Lab, [host = '', ...rest]: string[]): Promise<number> {
  const argv = rest[0] === '--' ? rest.slice(1) : rest
  return (await lab.exec(hostRow(host).name, argv, { inherit: true })).exitCode
}

function printStatus(lab: Lab): void {
  console.log(`lab '${lab.name}' (${lab.kind}), inventory ${lab.inventory}`)
  for (const row of hostRows) {
    const host = lab.hosts[row.name]
    if (!host) continue
    const ssh = `ssh -F none -i ${host.identityFile} -o UserKnownHostsFile=${host.knownHosts} -o StrictHostKeyChecking=yes`
    console.log(`${host.name}: ${ssh} -p ${host.port} ${host.user}@${host.address}`)
  }
}
