import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { keptLogs } from '../../src/logs/store/kept.ts'
import { partBase, type SourceName, sourceFolder } from '../../src/logs/store/names.ts'
import { tempDir } from '../journal/setup.ts'

const kinds = ['file', 'pm2', 'unit']
const part = partBase('2026-11-20T22:16:00.000Z', 'ana-laptop-4711-9f2c41d07b3a')

async function put(dir: string, folder: string, file = part): Promise<void> {
  await mkdir(join(dir, folder), { recursive: true })
  await writeFile(join(dir, folder, file), '')
}

describe('the logs that an incident kept', () => {
  it.each<SourceName>([
    { host: 'core-1', kind: 'pm2', name: 'core-backend' },
    { host: 'a-unit-b', kind: 'unit', name: 'x-unit-y' },
    { host: 'edge-1', kind: 'unit', name: 'openvpn@office' },
    { host: 'core-1', kind: 'file', name: '/var/log/app.log' },
    { host: 'core-1', kind: 'unit', name: 'under_score' },
  ])('are named by their folder before a part is closed: $host $kind:$name', async (name) => {
    const dir = await tempDir()
    await put(dir, sourceFolder(name))
    expect(await keptLogs(dir, [], kinds)).toEqual([name])
  })

  it('are named by the record; one that neither names is told by its folder', async () => {
    const dir = await tempDir()
    const mixed = { host: 'core-1', kind: 'file', name: '/var/log/my_app.log' }
    await put(dir, sourceFolder(mixed))
    expect(await keptLogs(dir, [mixed], kinds)).toEqual([mixed])
    expect(await keptLogs(dir, [], kinds)).toEqual([{ folder: sourceFolder(mixed) }])
  })

  it('are none where nothing is on disk: no folder, an empty one, another file in it', async () => {
    const dir = await tempDir()
    const name = { host: 'core-1', kind: 'pm2', name: 'core' }
    expect(await keptLogs(dir, [name], kinds)).toEqual([])
    await put(dir, sourceFolder(name), 'notes.txt')
    expect(await keptLogs(dir, [name], kinds)).toEqual([])
  })
})
