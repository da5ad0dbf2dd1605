import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import type ssh2 from 'ssh2'
import { expect } from 'vitest'
import { ConnectError } from '../../../src/hosts/errors.ts'
import { type Link, type LinkDeps, openLink } from '../../../src/hosts/link.ts'
import type { Prompter, Question } from '../../../src/hosts/prompter.ts'
import { createSecretStore } from '../../../src/hosts/secrets.ts'
import { defaultLinkTimes, type Host, type LinkTimes } from '../../../src/model/host.ts'

/** Links under test, closed together. */
export function createLinks() {
  const open: Link[] = []
  const depsOf = ({
    times,
    ...more
  }: Partial<Omit<LinkDeps, 'times'>> & { times?: Partial<LinkTimes> } = {}) => ({
    secrets: createSecretStore(),
    ...more,
    times: { ...defaultLinkTimes, ...times },
  })
  return {
    async open(host: Host, more: Parameters<typeof depsOf>[0] = {}): Promise<Link> {
      const link = await openLink(host, depsOf(more))
      open.push(link)
      return link
    },
    /** Opens a link that must be refused, and gives the error. */
    async refused(host: Host, more: Parameters<typeof depsOf>[0] = {}): Promise<ConnectError> {
      const error = await openLink(host, depsOf(more)).then(
        (link) => {
          open.push(link)
          return new Error('it connected')
        },
        (error: unknown) => error,
      )
      expect(error).toBeInstanceOf(ConnectError)
      return error as ConnectError
    },
    async close(): Promise<void> {
      await Promise.all(open.splice(0).map((link) => link.transport.close()))
    },
  }
}

/** What one line of shell text prints over a link. */
export async function ask(link: Link, line: string): Promise<string> {
  let out = ''
  const channel = await link.transport.open(line, (stream, chunk) => {
    if (stream === 'stdout') out += Buffer.from(chunk).toString('utf8')
  })
  channel.end()
  await channel.ended
  return out.trim()
}

/** The key of a known_hosts file that has one, as `TYPE BASE64`. */
export const keyIn = (knownHosts: string): string =>
  readFileSync(knownHosts, 'utf8').trim().split('\n')[0]!.split(' ').slice(1).join(' ')

/** A person who answers each question by the first pattern that matches it, and what they were asked. */
export function person(answers: [pattern: RegExp, answer: string | boolean | undefined][]) {
  const asked: { kind: 'secret' | 'text' | 'confirm'; who: string; what: string }[] = []
  const answer = (kind: (typeof asked)[number]['kind'], { who, what }: Question) => {
    asked.push({ kind, who, what })
    return answers.find(([pattern]) => pattern.test(what))?.[1]
  }
  const typed = (value: string | boolean | undefined) => (typeof value === 'string' ? value : undefined)
  const prompter: Prompter = {
    secret: async (q) => typed(answer('secret', q)),
    text: async (q) => typed(answer('text', q)),
    confirm: async (q) => answer('confirm', q) === true,
  }
  return { prompter, asked }
}

/** A server of ssh2's on loopback; gives its port. */
export async function listening(server: Server | ssh2.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return (server.address() as AddressInfo).port
}

/** A server that takes connections and says nothing. */
export const mute = (): Server => createServer((socket) => socket.on('error', () => {}))
