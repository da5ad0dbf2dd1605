import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hashOfResource, keepText, lockText } from '../../src/hosts/lock/text.ts'
import type { LockRequest } from '../../src/model/lock.ts'
import { tempDir } from '../helpers/reader.ts'
import { until } from './helpers/machine.ts'

const nonce = 'f00dfeed'
const shells = ['dash', 'bash', 'busybox'].filter((name) =>
  ['/bin', '/usr/bin'].some((folder) => existsSync(join(folder, name))),
)

/** A text of locks at work in one shell, with folders of the test's own for what is the host's. */
interface Keeper extends AsyncDisposable {
  marks(): string[]
  /** Settles with the last of these marks that came. */
  said(...names: string[]): Promise<string>
  end(): Promise<void>
}

describe.each(shells)('locks as text, in %s', (shell) => {
  let dir: Awaited<ReturnType<typeof tempDir>>
  let shared: string
  let count = 0
  beforeEach(async () => {
    dir = await tempDir()
    shared = dir.at('lock')
    mkdirSync(shared)
    chmodSync(shared, 0o1777)
    mkdirSync(dir.at('home'))
  })
  afterEach(() => dir[Symbol.asyncDispose]())

  const wanted = (): LockRequest => ({
    id: `lock${count++}`,
    resources: ['file:/x', 'step:a/b'],
    by: 'ana@laptop',
    incident: 'i',
    step: 'a/b',
  })
  const at = (text: string) => text.replaceAll('/run/lock', shared)

  function run(text: string, o: { path?: string } = {}): Keeper {
    const words = shell === 'busybox' ? ['sh', '-c', at(text)] : ['-c', at(text)]
    const env = { PATH: o.path ?? process.env.PATH ?? '', HOME: dir.at('home') }
    const child = spawn(existsSync(`/bin/${shell}`) ? `/bin/${shell}` : `/usr/bin/${shell}`, words, { env })
    let err = ''
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    child.stdout.resume()
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const marks = () =>
      err.split('\n').flatMap((line) => (line.startsWith(`${nonce}:`) ? [line.slice(nonce.length + 1)] : []))
    const end = () => {
      child.stdin.end()
      return ended
    }
    return {
      marks,
      said: (...names) =>
        until(`${names.join(' or ')} in ${err}`, () =>
          marks().find((mark) => names.includes(mark.split(' ')[0] ?? '')),
        ),
      end,
      [Symbol.asyncDispose]: end,
    }
  }
  const keep = (request: LockRequest, o: { path?: string } = {}) => run(keepText(request, nonce, 30), o)
  const folder = (root: string) => join(root, hashOfResource('file:/x'))

  it('takes, keeps, refuses and gives back, and leaves nothing', async () => {
    await using first = keep(wanted())
    expect(await first.said('held', 'locked', 'lockfailed')).toBe('held')
    await using second = keep(wanted())
    expect(await second.said('held', 'locked', 'lockfailed')).toMatch(/^locked lock\d+\t/)
    await first.end()
    expect(readdirSync(join(shared, 'sitrep')).filter((name) => !name.startsWith('.'))).toEqual([])
    await using third = keep(wanted())
    expect(await third.said('held', 'locked', 'lockfailed')).toBe('held')
    expect(first.marks().filter((mark) => mark.startsWith('unexcluded'))).toEqual([])
  })

  it.each([
    ['there is none', (path: string) => path, true],
    ['it is another’s link', (path: string) => symlinkSync('/tmp', path), false],
    [
      'anybody may remove in it',
      (path: string) => chmodSync(mkdirSync(path, { recursive: true }) ?? path, 0o777),
      false,
    ],
    ['it is a file', (path: string) => writeFileSync(path, ''), false],
  ])(
    'where there is no shared place, since %s: in the state folder, and says whom it can not keep out',
    async (_, make, gone) => {
      make(join(shared, 'sitrep'))
      const text = keepText(wanted(), nonce, 30)
      await using first = run(gone ? text.replaceAll('/run/lock', '/nowhere/lock') : text)
      expect(await first.said('held', 'locked', 'lockfailed')).toBe('held')
      expect(first.marks().find((mark) => mark.startsWith('unexcluded'))).toMatch(
        /other users of the host than \S+: /,
      )
      expect(readdirSync(folder(dir.at('home', '.local/state/sitrep/locks')))).toHaveLength(1)
    },
  )

  it('a folder that is a link is not followed', async () => {
    mkdirSync(join(shared, 'sitrep'))
    chmodSync(join(shared, 'sitrep'), 0o1777)
    mkdirSync(dir.at('elsewhere'))
    symlinkSync(dir.at('elsewhere'), folder(join(shared, 'sitrep')))
    await using first = keep(wanted())
    expect(await first.said('held', 'locked', 'lockfailed')).toMatch(
      /^lockfailed .* is not a folder of locks/,
    )
    expect(readdirSync(dir.at('elsewhere'))).toEqual([])
  })

  it('passes nothing on of a file that another put in the place of what was given back last, and leaves no draft', async () => {
    const uid = process.getuid?.() ?? 0
    const last = join(shared, 'sitrep', `.last-${uid}`)
    const private_ = dir.at('private')
    writeFileSync(private_, 'BEGIN PRIVATE KEY\n12 secret words\n', { mode: 0o600 })
    mkdirSync(join(shared, 'sitrep'))
    chmodSync(join(shared, 'sitrep'), 0o1777)
    symlinkSync(private_, last)
    const names = () => readdirSync(join(shared, 'sitrep'))
    await using first = keep(wanted())
    expect(await first.said('held', 'locked', 'lockfailed')).toBe('held')
    await first.end()
    expect(names()).toEqual([`.last-${uid}`])
    expect(readlinkSync(last)).toBe(private_)

    // The same where the link came after the last look at the name: what has not our own form is passed by.
    rmSync(last)
    const own = `4 ${'a'.repeat(64)} ${'b'.repeat(16)}`
    writeFileSync(last, `${readFileSync(private_, 'utf8')}${own}\n`)
    await using second = keep(wanted())
    expect(await second.said('held', 'locked', 'lockfailed')).toBe('held')
    await second.end()
    const lines = readFileSync(last, 'utf8').trim().split('\n')
    expect(lines.at(-1)).toBe(own)
    expect(lines.slice(0, -1).join('\n')).toMatch(/^(\d+ [0-9a-f]{64} [0-9a-f]{16}\n?){2}$/)
    expect(names()).toEqual([`.last-${uid}`])
  })

  it.each(['keeps', 'gives to a job'])(
    'writes to no file that another put in the place of the record which it %s',
    async (which) => {
      const request = wanted()
      const private_ = dir.at('private')
      writeFileSync(private_, 'mine\n')
      const make =
        which === 'keeps' ? keepText(request, nonce, 30) : `${lockText(request, nonce).take}\nlksay held`
      const record = join(folder(join(shared, 'sitrep')), request.id)
      // As the owner of the folder could do it at the worst moment.
      const swapped = make.replace('\nlkopen ', `\nrm -f ${record}; ln -s ${private_} ${record}\nlkopen `)
      expect(swapped).not.toBe(make)
      await using first = run(swapped)
      expect(await first.said('held', 'locked', 'lockfailed')).toMatch(
        /^lockfailed .* is not the file that was made/,
      )
      await first.end()
      rmSync(record)
      // A file of one's own in its place does no better.
      const copied = make.replace('\nlkopen ', `\nrm -f ${record}; ln ${private_} ${record}\nlkopen `)
      await using second = run(copied)
      expect(await second.said('held', 'locked', 'lockfailed')).toMatch(
        /^lockfailed .* is not the file that was made/,
      )
      await second.end()
      expect(readFileSync(private_, 'utf8')).toBe('mine\n')
    },
  )

  it('without flock on the host a job is known by its process', { timeout: 30_000 }, async () => {
    const path = dir.at('bin')
    mkdirSync(path)
    for (const name of [
      'mkdir',
      'rmdir',
      'rm',
      'ln',
      'date',
      'id',
      'head',
      'mv',
      'sleep',
      'cat',
      'sed',
      'tr',
      'chown',
    ]) {
      const found = ['/bin', '/usr/bin'].map((where) => join(where, name)).find((file) => existsSync(file))
      if (found !== undefined) symlinkSync(found, join(path, name))
    }
    const request = wanted()
    const { take, hold } = lockText({ ...request, alone: true }, nonce)
    const job = `${take}\nread -r b </proc/$$/stat; b=\${b##*) }; set -- $b; b=\${20}\n${hold}\nlksay runs\nread -r x`
    await using first = run(job, { path })
    expect(await first.said('runs', 'locked', 'lockfailed')).toBe('runs')
    expect(first.marks().find((mark) => mark.startsWith('unexcluded'))).toContain(
      'there is no flock on the host',
    )
    await using second = keep(wanted(), { path })
    expect(await second.said('held', 'locked', 'lockfailed')).toMatch(
      new RegExp(`^locked ${request.id}\t\\w+\t1\t`),
    )
    await first.end()
    await using third = keep(wanted(), { path })
    expect(await third.said('held', 'locked', 'lockfailed')).toBe('held')
  })
})
