import { existsSync, mkdtempSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../src/hosts/connect.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import type { Session } from '../../src/model/command.ts'
import { testHost, text } from './helpers/machine.ts'

/** A disk of 64 KiB; undefined where this user may not mount one. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'sitrep-disk-'))
  const mounted = execaSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder], { reject: false })
  if (!mounted.failed) return folder
  rmdirSync(folder)
  return undefined
}

const disk = smallDisk()

describe.skipIf(!disk)(`a host whose disk is full${disk ? '' : ' (a tmpfs can not be mounted here)'}`, () => {
  const before = process.env.XDG_STATE_HOME
  let session: Session
  beforeAll(async () => {
    process.env.XDG_STATE_HOME = disk
    session = await connect(testHost({}), { secrets: createSecretStore() })
  })
  afterEach(() => {
    execaSync('sh', ['-c', `rm -rf '${disk}'/*`])
  })
  afterAll(async () => {
    if (before === undefined) delete process.env.XDG_STATE_HOME
    else process.env.XDG_STATE_HOME = before
    await session[Symbol.asyncDispose]()
    execaSync('umount', [disk!])
    rmdirSync(disk!)
  })
  const fill = () =>
    expect(() => writeFileSync(join(disk!, 'ballast'), Buffer.alloc(100_000))).toThrow(/ENOSPC/)

  it('fault 33: full before a job: that cause is named, nothing runs and nothing is left', async () => {
    fill()
    const ran = join(tmpdir(), v7())
    const job = await session.job(v7(), { argv: ['touch', ran] })
    const result = await job.done
    expect(result.problem).toMatch(/^job folder: .*No space left on device; the command was not started$/)
    expect(result.exitCode).toBeUndefined()
    expect(existsSync(ran)).toBe(false)
    const jobs = join(disk!, 'sitrep', 'jobs')
    expect(existsSync(jobs) ? readdirSync(jobs) : []).toEqual([])
  })

  it('fault 30: full while a job runs: its true exit code is kept', async () => {
    const id = v7()
    const argv = [
      'sh',
      '-c',
      'echo said; head -c 100000 /dev/zero >"$0" 2>/dev/null; exit 3',
      join(disk!, 'ballast'),
    ]
    const job = await session.job(id, { argv })
    const result = await job.done
    expect(result).toMatchObject({ endedBy: 'exit', exitCode: 3 })
    expect(text(result).out).toBe('said\n')
    expect(await session.jobState(id)).toMatchObject({ is: 'done', result: { exitCode: 3 } })
    await job.remove()
  })
})
