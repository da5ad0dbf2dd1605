import { must, run } from './sh.ts'

/** The lab's own network: a bridge and a /24 that nobody else uses. */
export interface Network {
  bridge: string
  /** The first three parts of the addresses. */
  prefix: string
}

/** Makes a bridge with the first free subnet, and tries the next where another lab was faster. */
export async function createNetwork(): Promise<Network> {
  const taken = await takenSubnets()
  for (let third = 0; third < 256; third++) {
    const network = { bridge: `sitrep${third}`, prefix: `10.213.${third}` }
    if (taken.some((subnet) => overlaps(subnet, network.prefix))) continue
    const made = await run(['ip', 'link', 'add', network.bridge, 'type', 'bridge'])
    if (made.exitCode !== 0) continue
    await must(['ip', 'addr', 'add', `${network.prefix}.1/24`, 'dev', network.bridge])
    await must(['ip', 'link', 'set', network.bridge, 'up'])
    return network
  }
  throw new Error('no free subnet under 10.213.0.0/16, or no bridge can be made here')
}

/** Removes the bridge; one that is gone already is fine. */
export async function removeNetwork(bridge: string): Promise<void> {
  await run(['ip', 'link', 'del', bridge])
}

async function takenSubnets(): Promise<string[]> {
  const listings = await Promise.all([must(['ip', '-4', '-o', 'addr']), must(['ip', '-4', 'route'])])
  return listings.join('\n').match(/\b\d+\.\d+\.\d+\.\d+(\/\d+)?/g) ?? []
}

function overlaps(subnet: string, prefix: string): boolean {
  const [address = '', length = '32'] = subnet.split('/')
  const bits = Math.min(Number(length), 24)
  const shift = 2 ** (32 - bits)
  return Math.floor(toNumber(address) / shift) === Math.floor(toNumber(`${prefix}.0`) / shift)
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}
