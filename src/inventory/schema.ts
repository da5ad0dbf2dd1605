import * as z from 'zod'
import { defaultLinkTimes, type LinkTimes } from '../model/host.ts'
import { zDuration } from '../model/schema.ts'

/**
 * Values that end up beside `ssh` or in shell text: nothing that begins like an option, and no character that a shell or
 * ssh's own expansion reads (NUL, line break, space, backtick, `$`, quotes, `%`, …).
 */
const safe = /^[A-Za-z0-9_[:][A-Za-z0-9._:[\]-]*$/

export const hostName = z
  .string({ error: 'expected the name of a host' })
  .regex(
    /^[A-Za-z0-9_][\w.-]{0,252}$/,
    'a name of a host or group has letters, digits, ., - and _ only, and does not begin with -',
  )

export const hostAddress = z
  .string({ error: 'expected a DNS name or an IP address' })
  .max(253)
  .regex(safe, 'not a DNS name or an IP address')

export const userName = z
  .string({ error: 'expected the name of a user' })
  .regex(/^[A-Za-z_][\w.@\\-]{0,63}\$?$/, 'not the name of a user')

/** A host to go through, as `jump` and ProxyJump have it. */
export const hopText = z
  .string({ error: 'expected HOST, USER@HOST or USER@HOST:PORT' })
  .regex(
    /^([A-Za-z_][\w.-]*@)?[A-Za-z0-9_[][A-Za-z0-9._:[\]-]*$/,
    'expected HOST, USER@HOST or USER@HOST:PORT',
  )

/** A shell command of the operator's machine: one line, and nothing in it that runs a second command to build the first. */
export const proxyCommandText = z
  .string({ error: 'expected a command of this machine' })
  .regex(
    /^(?!-)(?:(?!\$\()[^\u0000\r\n`])+$/,
    'expected one line of shell text without NUL, backticks and $(), not beginning with -',
  )

/** A path on the operator's machine. */
export const operatorPath = z
  .string({ error: 'expected a path on this machine' })
  .min(1)
  .regex(
    /^[^-\u0000\r\n][^\u0000\r\n]*$/,
    'expected a path on this machine, without line breaks, not beginning with -',
  )

const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item.transform((one) => [one]), z.array(item)])
const envName = z.string().regex(/^[A-Za-z_]\w*$/, 'not the name of an environment variable')
const plain = z
  .union([z.string().regex(/^[^\u0000]*$/, 'a NUL character can not stand here'), z.number(), z.boolean()])
  .transform(String)

const time = zDuration.refine((seconds) => seconds > 0, 'must be longer than 0')

/** The times of a link, as durations. */
const linkForm = z.strictObject({
  resolve: time.optional().describe('for its name to be resolved'),
  connect: time.optional().describe('for the connection'),
  handshake: time.optional().describe('for the key exchange'),
  authentication: time.optional().describe('for the login, without the time that a person takes'),
  stale: time.optional().describe('silence after which it is called stale'),
  lost: time.optional().describe('silence after which it is opened anew'),
  back: time.optional().describe('how long a step waits for it to come back'),
} satisfies Record<keyof LinkTimes, z.ZodType>)

/** One host as `sitrep.yaml` has it. */
export const hostForm = z.strictObject({
  address: hostAddress.optional().describe('DNS name or IP address'),
  port: z.int().min(1).max(65535).optional(),
  user: userName.optional(),
  identity_file: oneOrMore(operatorPath).optional(),
  certificate_file: oneOrMore(operatorPath).optional(),
  jump: oneOrMore(hopText).optional().describe('Hosts to go through, in order'),
  proxy_command: proxyCommandText.optional().describe('A command whose stdin and stdout are the connection'),
  host_key_alias: hostAddress.optional().describe('The name that its keys stand under in known_hosts'),
  forward_agent: z.boolean().optional(),
  link: linkForm.optional(),
  known_hosts: oneOrMore(operatorPath).optional(),
  transport: z.enum(['ssh2', 'openssh', 'local']).optional(),
  groups: oneOrMore(hostName).optional(),
  production: z.boolean().optional(),
  path: oneOrMore(
    z.string().regex(/^\/[^:\u0000\r\n]*$/, 'expected an absolute path without ":"'),
  ).optional(),
  env: z.record(envName, plain).optional(),
  vars: z.record(hostName, plain).optional(),
})

/** The whole of `sitrep.yaml`; `notify` and `share` are read by later versions. */
export const inventoryForm = z.strictObject({
  hosts: z.record(hostName, hostForm.nullable()),
  confirm_over: z.int().min(0).optional(),
  link: linkForm.optional(),
  notify: z.unknown().optional(),
  share: z.unknown().optional(),
})

export type HostFile = z.output<typeof hostForm>
export type InventoryFile = z.output<typeof inventoryForm>

/** What a file says of the times of a link, in milliseconds. */
export function linkTimes(form: z.output<typeof linkForm> | undefined): Partial<LinkTimes> {
  const said = Object.entries(form ?? {}).flatMap(([key, seconds]) =>
    seconds === undefined ? [] : [[key, Math.max(1, Math.round(seconds * 1000))]],
  )
  return Object.fromEntries(said)
}

/** Why these times can't hold together; undefined where they can. */
export function linkProblem(times: Partial<LinkTimes>): string | undefined {
  const { stale, lost } = { ...defaultLinkTimes, ...times }
  return stale < lost
    ? undefined
    : `a link must be stale (${stale / 1000} s) before it is lost (${lost / 1000} s)`
}
