import { userInfo } from 'node:os'
import { SitrepError } from '../model/errors.ts'
import type { Host, Setting } from '../model/host.ts'
import { fillHops, type Trail } from './hops.ts'
import { type AskedHost, type AskOptions, askSsh } from './openssh/ask.ts'
import { readByLibrary } from './openssh/library.ts'
import { type Origin, originOf, userAsksFor } from './openssh/origin.ts'
import { bindingReasons, reasonsForSsh } from './openssh/reasons.ts'
import { takeSettings } from './openssh/take.ts'
import { unusedBySsh2 } from './openssh/unused.ts'
import type { Values } from './openssh/values.ts'

/** How hosts are completed. */
export interface CompleteOptions extends AskOptions {
  /** What `~` is in OpenSSH's configuration; the home of the passwd entry where absent, for ssh does not look at HOME. */
  home?: string
  /** Also finds out where each value came from, for `sitrep hosts`: two more calls of ssh for each host. */
  sources?: boolean
}

/**
 * The host with everything filled in that its entry leaves open: from `ssh -G`, or by a library where no ssh is installed;
 * its jump hosts with theirs; and the transport that it takes. The entry always wins. Never rejects: a host whose
 * configuration can't be used says so in `unusable`, so that it holds up no other.
 */
export function completeHost(host: Host, o: CompleteOptions = {}): Promise<Host> {
  return complete(host, { ...o, home: o.home ?? userInfo().homedir, bound: new Map() }, [])
}

interface Options extends CompleteOptions {
  home: string
  /** Hops that only the system's ssh may go to, with why. */
  bound: Map<Host, string>
}

async function complete(host: Host, o: Options, trail: Trail): Promise<Host> {
  // This machine, or completed before.
  if (host.unsaid === undefined) return host
  const { unsaid: _unsaid, peers, ...said } = host
  try {
    const found = await lookUp(host, o)
    const { settings, notes } = takeSettings(found.values, host, o)
    const filled: Host = { ...said, ...settings }
    const via = await fillHops(filled, { home: o.home, peers, trail }, (hop, before) =>
      complete(hop, o, before),
    )
    const reasons = [
      ...(await reasonsForSsh(filled, found.values, { home: o.home, gssapi: await found.gssapi() })),
      ...via.flatMap((hop) => hopReasons(hop)),
    ]
    const told = [...found.notes, ...notes]
    const way = transportOf(host, reasons, { told, hasSsh: found.hasSsh })
    const hopsBinding = via.flatMap((hop) => {
      const why = o.bound.get(hop)
      return why === undefined ? [] : [`the jump host ${hop.name}: ${why}`]
    })
    const binding = [...bindingReasons(found.values), ...hopsBinding].join('; ')
    if (way.transport === 'ssh2') {
      if (binding !== '') throw bound(host, binding, found.hasSsh)
      told.push(...unusedBySsh2(found.values))
    }
    const done: Host = {
      ...filled,
      ...(via.length === 0 ? {} : { via }),
      ...way,
      sources: { ...sourcesOf(host, found.origin, way.because), ...host.sources },
      ...(told.length === 0 ? {} : { notes: told }),
      ...(found.isBare ? { withoutSshConfig: true } : {}),
    }
    if (binding !== '') o.bound.set(done, binding)
    return done
  } catch (error) {
    if (!(error instanceof SitrepError)) throw error
    const next = error.next ?? 'mend it, and try again'
    return { ...said, unusable: { reason: error.message, next } }
  }
}

interface Found {
  values: Values
  notes: string[]
  hasSsh: boolean
  /** There is a configuration, and it can't be used. */
  isBare: boolean
  origin: Origin | undefined
  gssapi(): Promise<boolean>
}

async function lookUp(host: Host, o: Options): Promise<Found> {
  const isOpen = (setting: Setting) => host.unsaid?.includes(setting) === true
  const asked: AskedHost = {
    name: host.name,
    ...(isOpen('address') ? {} : { address: host.address }),
    ...(isOpen('user') ? {} : { user: host.user }),
    ...(isOpen('port') ? {} : { port: host.port }),
  }
  const answer = await askSsh(asked, o)
  if (answer.is === 'values') {
    const { values } = answer
    return {
      values,
      notes: [],
      hasSsh: true,
      isBare: false,
      origin: o.sources === true ? await originOf(asked, values, o) : undefined,
      gssapi: () => userAsksFor('gssapiauthentication', asked, values, o),
    }
  }
  const none = { origin: undefined, gssapi: () => Promise.resolve(false) }
  if (answer.is === 'missing') {
    const { values, notes } = await readByLibrary(asked, { ...o, user: host.user })
    return { ...none, values, notes, hasSsh: false, isBare: false }
  }
  // ssh would not connect either. Where the entry says the address, it is known whom it is about.
  if (isOpen('address'))
    throw new SitrepError('usage', `its OpenSSH configuration can not be used: ${answer.reason}`, {
      where: host.name,
      next: `see: ssh -G ${host.name}; or say its address in the inventory`,
    })
  const notes = [`the OpenSSH configuration is not used: ${answer.reason}`]
  return { ...none, values: new Map(), notes, hasSsh: true, isBare: true }
}

/** The transport: the entry's, else the system's ssh where something asks for it. */
function transportOf(
  host: Host,
  reasons: readonly string[],
  { told, hasSsh }: { told: string[]; hasSsh: boolean },
): Pick<Host, 'transport' | 'because'> {
  if (reasons.length === 0 || host.transport === 'openssh') return { transport: host.transport }
  const because = reasons.join('; ')
  if (host.unsaid?.includes('transport') === true && hasSsh) return { transport: 'openssh', because }
  const why = hasSsh ? 'the inventory says transport: ssh2' : 'no ssh is installed here'
  told.push(`${because}: only the system's ssh can use that, and ${why}`)
  return { transport: host.transport }
}

/** The host can't be reached by ssh2: that would check it less than OpenSSH does. */
function bound(host: Host, binding: string, hasSsh: boolean): SitrepError {
  const next = hasSsh ? 'say transport: openssh, or leave it out' : 'install the OpenSSH client'
  return new SitrepError('usage', `${binding}: only the system's ssh can check that`, {
    where: host.name,
    next,
  })
}

function hopReasons(hop: Host): string[] {
  if (hop.transport !== 'openssh') return []
  return [
    `the jump host ${hop.name} needs the system's ssh${hop.because === undefined ? '' : ` (${hop.because})`}`,
  ]
}

const keywords: Partial<Record<Setting, string>> = {
  address: 'hostname',
  port: 'port',
  user: 'user',
  identityFiles: 'identityfile',
  certificateFiles: 'certificatefile',
  jump: 'proxyjump',
  proxyCommand: 'proxycommand',
  knownHosts: 'userknownhostsfile',
  hostKeyAlias: 'hostkeyalias',
  identityAgent: 'identityagent',
  link: 'connecttimeout',
}

/** Where what the entry leaves open came from; what the entry says has its place in the file already. */
function sourcesOf(
  host: Host,
  origin: Origin | undefined,
  because: string | undefined,
): Partial<Record<Setting, string>> {
  if (origin === undefined) return {}
  const open: readonly Setting[] = [...(host.unsaid ?? []), 'identityAgent']
  const found = open.map((setting): [Setting, string] => {
    const keyword = keywords[setting]
    if (keyword !== undefined) return [setting, origin(keyword)]
    return [setting, because === undefined ? 'default' : 'OpenSSH configuration']
  })
  return { forwardAgent: 'default', ...Object.fromEntries(found) }
}
