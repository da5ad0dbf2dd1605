import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Command, Session } from '../../src/model/command.ts'
import { type Bench, localBench, opensshBench, ssh2Bench, text, until } from './helpers/machine.ts'

const transports: Record<string, () => Promise<Bench>> = {
  local: localBench,
  ssh2: () => ssh2Bench(),
  openssh: () => opensshBench(),
}

/** A user that root may become here, who is neither the operator nor the one who logs in; undefined where there is none. */
const other = existsSync('/proc/self/environ') && userInfo().uid === 0 ? otherUser() : undefined

function otherUser(): { name: string; uid: number } | undefined {
  const { stdout, exitCode } = execaSync('sudo', ['-n', '-u', 'nobody', 'id', '-u'], { reject: false })
  return exitCode === 0 ? { name: 'nobody', uid: Number(stdout) } : undefined
}

/** What /proc shows of a text, of all processes of this machine: it is the operator's side and the host's. */
function shown(value: string): { cmdline: string[]; environ: { line: string; uid: number }[] } {
  const cmdline: string[] = []
  const environ: { line: string; uid: number }[] = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (read(pid, 'cmdline').includes(value)) cmdline.push(pid)
    if (read(pid, 'environ').includes(value)) {
      environ.push({
        line: read(pid, 'cmdline'),
        uid: Number(/^Uid:\s+(\d+)/m.exec(read(pid, 'status'))?.[1]),
      })
    }
  }
  return { cmdline, environ }
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

describe.skipIf(other === undefined)(
  `fault 20: a secret in /proc${other === undefined ? ' (only root can look at all of it, and become another user)' : ''}`,
  () => {
    describe.each(Object.keys(transports))('over %s', (name) => {
      let bench: Bench
      let session: Session
      let folder: string
      beforeAll(async () => {
        bench = await transports[name]!()
        session = await bench.open()
        folder = mkdtempSync(join(tmpdir(), 'sitrep-procfs-'))
        execaSync('chmod', ['755', folder])
      })
      afterAll(async () => {
        await bench.close()
        rmSync(folder, { recursive: true })
      })

      /** Runs a command that holds its secret until it was looked for. */
      async function whileInUse(
        as: string | undefined,
        start: (command: Command, secret: string) => Promise<string>,
      ) {
        const value = `in-use-${v7()}`
        bench.secrets.register('token', 'prompt', value)
        const release = join(folder, v7())
        const command: Command = {
          argv: [
            'sh',
            '-c',
            'read -r line; while [ ! -e "$0" ]; do sleep 0.02; done; printf "%s %s" "$TOKEN" "$line"',
            release,
          ],
          secrets: { TOKEN: { secret: 'token' } },
          stdin: [{ secret: 'token' }, '\n'],
          ...(as === undefined ? {} : { as }),
        }
        const done = start(command, value)
        const seen = await until('it has its secret', () => {
          const found = shown(value)
          return found.environ.length > 0 ? found : undefined
        })
        writeFileSync(release, '')
        expect(await done).toBe(`${value} ${value}`)
        expect(shown(value)).toEqual({ cmdline: [], environ: [] })
        return seen
      }
      const runs = async (command: Command) => text(await session.run(command)).out
      const jobs = async (command: Command) => {
        const job = await session.job(v7(), command)
        const result = await job.done
        await job.remove()
        return text(result).out
      }

      it.each([
        ['a command', runs],
        ['a job', jobs],
      ])(
        'of %s is in no command line, and in the environment of its own processes only',
        async (_, start) => {
          const seen = await whileInUse(undefined, start)
          expect(seen.cmdline).toEqual([])
          for (const { line } of seen.environ) expect(line).not.toMatch(/^(ssh|sshd|sudo|node)\b|\/node\0/)
        },
      )

      it.each([
        ['a command', runs],
        ['a job', jobs],
      ])("of %s as another user is in no environment but that user's", async (_, start) => {
        const seen = await whileInUse(other?.name, start)
        expect(seen.cmdline).toEqual([])
        expect(new Set(seen.environ.map(({ uid }) => uid))).toEqual(new Set([other?.uid]))
      })
    })
  },
)
