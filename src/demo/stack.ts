import { join } from 'node:path'
import { type CoreService, startCore } from './coreHost.ts'
import { type EdgeProxy, startEdge } from './edgeHost.ts'
import { makeFolder, removeFolder } from './folder.ts'
import { type DemoHost, startHost } from './host.ts'
import { writeInventory } from './inventoryFile.ts'
import { type Keeper, startKeeper } from './keeper.ts'
import { drawKeyPair } from './keys.ts'
import { loginName, makeBin, makePlace } from './place.ts'
import { endProcess, processesOf } from './processes.ts'
import { writeShims } from './shims.ts'

/** A running practice stack: two SSH hosts on loopback, each with its fault in place. */
export interface Stack {
  /** Everything of it on disk. */
  folder: string
  inventoryFile: string
  core: CoreService
  edge: EdgeProxy
  hosts: DemoHost[]
  /** The tools that stand in for ones that this system lacks. */
  shims: string[]
  /** Ends every process of the stack and removes its folder; may be called more than once. */
  stop(): Promise<void>
}

/** Where the stack's folder is made, and whether every stand-in is used even where the system has the tool. */
export interface StackOptions {
  root?: string
  forceShims?: boolean
}

/** Starts the practice stack, both hosts side by side; what was started is taken down again where a part fails. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = await makeFolder(options.root)
  const bin = join(folder, 'bin')
  makeBin(bin)
  const places = {
    core: makePlace(join(folder, 'core-1'), bin),
    edge: makePlace(join(folder, 'edge-1'), bin),
  }
  const parts: { stop(): Promise<void> }[] = []
  const keeper = startKeeper({
    folder,
    pm2Home: join(places.core.cwd, '.pm2'),
    path: places.core.env.PATH ?? '',
  })
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= takeDown(folder, parts, keeper)
    return stopping
  }
  const keep = async <T extends { stop(): Promise<void> }>(part: Promise<T>): Promise<T> => {
    const started = await part
    parts.push(started)
    return started
  }
  const client = drawKeyPair('sitrep-practice')
  const login = { user: loginName(), clientKey: client.public }
  const work = [
    keep(startCore(places.core, bin)),
    keep(startEdge(places.edge)),
    keep(startHost({ ...places.core, ...login, name: 'core-1' })),
    keep(startHost({ ...places.edge, ...login, name: 'edge-1' })),
    writeShims(bin, places.core, options.forceShims ?? false),
  ] as const
  try {
    const [core, edge, coreHost, edgeHost, shims] = await Promise.all(work)
    const hosts = [coreHost, edgeHost]
    const inventoryFile = writeInventory(folder, hosts, login.user, client.private)
    return { folder, inventoryFile, core, edge, hosts, shims, stop }
  } catch (error) {
    await Promise.allSettled(work)
    await stop()
    throw error
  }
}

async function takeDown(folder: string, parts: { stop(): Promise<void> }[], keeper: Keeper): Promise<void> {
  await Promise.allSettled(parts.map((part) => part.stop()))
  await sweep(folder, keeper.pid)
  await removeFolder(folder)
  await keeper.dismiss()
}

/**
 * Ends what left its session, such as a job that was still running. A process that is just becoming another program
 * shows no environment for a moment, so it takes two looks in a row that find nothing.
 */
async function sweep(folder: string, keeper: number): Promise<void> {
  for (let clean = 0, looks = 0; clean < 2 && looks < 10; looks++) {
    const found = (await processesOf(folder)).filter((pid) => pid !== keeper)
    clean = found.length === 0 ? clean + 1 : 0
    await Promise.all(found.map(endProcess))
  }
}
