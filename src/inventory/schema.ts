import { z } from 'zod'

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

const hop = z
  .string()
  .regex(
    /^([A-Za-z_][\w.-]*@)?[A-Za-z0-9_[][A-Za-z0-9._:[\]-]*$/,
    'expected HOST, USER@HOST or USER@HOST:PORT',
  )

const operatorPath = z
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

/** One host as `sitrep.yaml` has it. */
export const hostForm = z.strictObject({
  address: hostAddress.optional().describe('DNS name or IP address'),
  port: z.int().min(1).max(65535).optional(),
  user: userName.optional(),
  identity_file: operatorPath.optional(),
  jump: oneOrMore(hop).optional().describe('Hosts to go through, in order'),
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
  notify: z.unknown().optional(),
  share: z.unknown().optional(),
})

export type HostFile = z.output<typeof hostForm>
