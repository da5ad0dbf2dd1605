import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type Client } from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoHost, startHost } from '../../src/demo/host.ts'
import { drawKeyPair } from '../../src/demo/keys.ts'
import { makeBin, makePlace } from '../../src/demo/place.ts'
import { livesOn } from '../../src/demo/processes.ts'
import { exec, until } from './client.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sitrep-test-host-')))
const keys = drawKeyPair()
let host: DemoHost
let client: Client

function login(settings: ssh2.ConnectConfig = {}): Promise<Client> {
  const made = new ssh2.Client()
  return new Promise((resolve, reject) => {
    made.once('ready', () => resolve(made.setNoDelay(true)))
    made.once('error', reject)
    const wanted = host.knownHosts.trim().split(' ')[2]
    made.connect({
      host: '127.0.0.1',
      port: host.port,
      username: 'ana',
      privateKey: keys.private,
      hostVerifier: (key: Buffer) => key.toString('base64') === wanted,
      ...settings,
    })
  })
}

const pidOf = (out: Buffer) => Number(out.toString())

beforeAll(async () => {
  makeBin(join(folder, 'bin'))
  const place = makePlace(join(folder, 'home'), join(folder, 'bin'))
  host = await startHost({ ...place, name: 'h', user: 'ana', clientKey: keys.public })
  client = await login()
})

afterAll(async () => {
  await host.stop()
  rmSync(folder, { recursive: true })
})

describe('who gets in', () => {
  it('refuses another key, another user and a password', async () => {
    const other = drawKeyPair()
    await expect(login({ privateKey: other.private })).rejects.toThrow(/authentication methods failed/)
    await expect(login({ username: 'root' })).rejects.toThrow(/authentication methods failed/)
    await expect(login({ password: 'x', authHandler: ['password'] })).rejects.toThrow(
      /authentication methods failed/,
    )
  })

  it('listens on loopback only and shows the key that known_hosts names', async () => {
    await expect(login({ hostVerifier: () => false })).rejects.toThrow(/verification failed/)
    expect(host.knownHosts).toMatch(/^\[127\.0\.0\.1\]:\d+ ssh-ed25519 [A-Za-z0-9+/=]+\n$/)
  })
})

describe('a command', () => {
  it('runs in the home folder with a bare environment', async () => {
    const { out } = await exec(client, 'pwd; command -v node; env | cut -d= -f1 | sort')
    const [pwd, node, ...names] = out.toString().trim().split('\n')
    expect([pwd, node]).toEqual([join(folder, 'home'), join(folder, 'bin', 'node')])
    expect(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))).toEqual([
      'HOME',
      'LOGNAME',
      'PATH',
      'SHELL',
      'USER',
    ])
  })

  it('tells its exit code, its signal and both outputs', async () => {
    const failed = await exec(client, 'echo out; echo err >&2; exit 42')
    expect([failed.code, failed.out.toString(), failed.err.toString()]).toEqual([42, 'out\n', 'err\n'])
    expect(await exec(client, 'kill -TERM $$')).toMatchObject({ code: null, signal: 'SIGTERM' })
    expect((await exec(client, 'no-such-program')).code).toBe(127)
  })

  it('reads stdin to its end, or not at all', async () => {
    const big = Buffer.alloc(3_000_000, 'x')
    expect((await exec(client, 'wc -c', big)).out.toString().trim()).toBe('3000000')
    expect((await exec(client, 'exit 3', big)).code).toBe(3)
  })

  it('keeps both outputs whole when the client reads late, so that the window is full again and again', async () => {
    const print = (to: string, letter: string) =>
      `node -e "for (let i = 0; i < 9; i++) process.${to}.write(Array.from({ length: 60000 }, (_, j) => '${letter}' + i + '-' + j + '\\n').join(''))"`
    const command = `${print('stdout', 'o')} & ${print('stderr', 'e')} & wait`
    const ended = await exec(client, command, '', 150)
    for (const [output, letter] of [
      [ended.out, 'o'],
      [ended.err, 'e'],
    ] as const) {
      const wanted = Array.from(
        { length: 540_000 },
        (_, n) => `${letter}${Math.floor(n / 60_000)}-${n % 60_000}\n`,
      )
      expect(output.equals(Buffer.from(wanted.join('')))).toBe(true)
    }
  })

  it('holds a flood back when nobody reads it', async () => {
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
      client.exec('echo $$; exec cat /dev/zero', (error, made) => (error ? reject(error) : resolve(made))),
    )
    await new Promise((resolve) => channel.once('readable', resolve))
    const first: Buffer = channel.read()
    const pid = Number.parseInt(first.toString('latin1'), 10)
    const before = process.memoryUsage().rss
    await exec(client, 'i=0; while [ $i -lt 20 ]; do echo $i; i=$((i+1)); done')
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
    channel.close()
    await until('the flood ends with its channel', async () => !(await livesOn(pid)))
  })

  it('runs beside others, on several connections', async () => {
    const second = await login()
    const codes = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        exec(index % 2 ? client : second, `sleep 0.0${index % 9}; exit ${index}`),
      ),
    )
    expect(codes.map(({ code }) => code)).toEqual(Array.from({ length: 24 }, (_, index) => index))
    second.end()
  })

  it('gets signals that the client sends', async () => {
    const ended = await new Promise((resolve, reject) =>
      client.exec('echo ready; exec sleep 60', (error, channel) => {
        if (error) return reject(error)
        channel.once('data', () => channel.signal('INT'))
        channel.on('close', (_code: number | null, signal: string) => resolve(signal))
      }),
    )
    expect(ended).toBe('SIGINT')
  })
})

describe('the end of a command', () => {
  it('takes its whole group when the channel closes, but not what left its session', async () => {
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
      client.exec(
        "setsid sh -c 'echo $$ >detached; exec sleep 300' & sleep 300 & until [ -s detached ]; do :; done; echo $$ $!; wait",
        (error, made) => (error ? reject(error) : resolve(made)),
      ),
    )
    const line = await new Promise<string>((resolve) =>
      channel.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    )
    const [group = 0, inside = 0] = line.trim().split(' ').map(Number)
    channel.close()
    await until('the group is gone', async () => !(await livesOn(-group)) && !(await livesOn(inside)))
    const detached = pidOf((await exec(client, 'cat detached')).out)
    expect(await livesOn(detached)).toBe(true)
    process.kill(detached)
  })

  it('comes when the connection drops', async () => {
    const dropping = await login()
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
      dropping.exec('trap "" HUP; echo $$; sleep 300', (error, made) =>
        error ? reject(error) : resolve(made),
      ),
    )
    const pid = await new Promise<number>((resolve) =>
      channel.once('data', (chunk: Buffer) => resolve(pidOf(chunk))),
    )
    dropping.destroy()
    await until('the command is gone', async () => !(await livesOn(-pid)))
  })

  it('comes by KILL when TERM is ignored, at the latest with the host', async () => {
    const place = makePlace(join(folder, 'other'), join(folder, 'bin'))
    const own = await startHost({ ...place, name: 'o', user: 'ana', clientKey: keys.public })
    const stubborn = await login({ port: own.port, hostVerifier: () => true })
    stubborn.on('error', () => {})
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
      stubborn.exec('trap "" TERM HUP; echo $$; while :; do sleep 1; done', (error, made) =>
        error ? reject(error) : resolve(made),
      ),
    )
    const pid = await new Promise<number>((resolve) =>
      channel.once('data', (chunk: Buffer) => resolve(pidOf(chunk))),
    )
    // What stays in the background of a finished command goes with the host too.
    const left = await exec(stubborn, 'sleep 300 >/dev/null 2>&1 </dev/null & echo $!')
    expect(await livesOn(pidOf(left.out))).toBe(true)
    await own.stop()
    expect([await livesOn(-pid), await livesOn(pidOf(left.out))]).toEqual([false, false])
    await expect(login({ port: own.port })).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('what is not served', () => {
  it('says no to a shell in words, and to a terminal and a subsystem', async () => {
    const shell = await new Promise<{ code: number; err: string }>((resolve, reject) =>
      client.shell(false, (error, channel) => {
        if (error) return reject(error)
        let err = ''
        channel.stderr.on('data', (chunk: Buffer) => {
          err += chunk.toString()
        })
        channel.on('close', (code: number) => resolve({ code, err }))
        channel.resume()
      }),
    )
    expect(shell).toEqual({ code: 1, err: 'This practice host runs single commands only.\n' })
    await expect(
      new Promise((resolve, reject) => client.shell((error) => (error ? reject(error) : resolve(0)))),
    ).rejects.toThrow()
    await expect(
      new Promise((resolve, reject) => client.sftp((error) => (error ? reject(error) : resolve(0)))),
    ).rejects.toThrow()
  })
})
