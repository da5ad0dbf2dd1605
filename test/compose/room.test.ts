import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { createKeep } from '../../src/compose/keep.ts'
import { keepWhileRoom } from '../../src/compose/keepRoom.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { readLog } from '../../src/logs/store/read.ts'
import { createLogStore } from '../../src/logs/store/store.ts'
import type { Append } from '../../src/model/event.ts'
import { emptyIncident } from '../../src/model/reduce.ts'
import { tempDir } from '../journal/setup.ts'

const noAppend = (async () => undefined) as unknown as Append

/** A recording that a test stops and lets go on. */
function switchable() {
  const listeners = new Set<(cause: string) => void>()
  let cause: string | undefined
  return {
    stopped: () => cause,
    onStopped: (listener: (cause: string) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: () => {
      cause = 'ENOSPC'
      for (const listener of listeners) listener(cause)
    },
    resume: () => {
      cause = undefined
    },
    listeners,
  }
}

it('fault 41: on a full disk outputs beside the journal are given up at once, and the events say so', async () => {
  const dir = await tempDir()
  const recording = switchable()
  const pipe = createPipe(createSecretStore())
  const keep = keepWhileRoom(
    createKeep({ dir, pipe, append: noAppend, read: () => emptyIncident('one') }),
    recording,
  )
  const parts = () => (existsSync(join(dir, 'artifacts')) ? readdirSync(join(dir, 'artifacts')) : [])
  const long = Buffer.from('a line of an output\n'.repeat(500))

  const running = keep.output()
  running.chunk('stdout', long)
  await vi.waitFor(() => expect(parts()).toHaveLength(1))
  recording.stop()
  await vi.waitFor(() => expect(parts()).toEqual([]))
  running.chunk('stdout', long)
  expect(await running.end()).toEqual({ unkept: 'ENOSPC' })

  const begun = keep.output()
  begun.chunk('stderr', Buffer.from('short'))
  expect(await begun.end()).toEqual({})
  expect(await keep.found([{ host: 'a', name: 'diff of /b', text: 'c' }])).toBe('ENOSPC')
  expect(await keep.found([])).toBeUndefined()
  expect(parts()).toEqual([])

  recording.resume()
  const later = keep.output()
  later.chunk('stdout', long)
  expect(await later.end()).toMatchObject({ artifact: { bytes: long.length } })
  const left = keep.output()
  await left.abandon()
  expect(recording.listeners.size).toBe(0)
})

it('fault 41: logs take no room while recording is stopped; their lines wait, and the person is told', async () => {
  const dir = await tempDir()
  const source = { host: 'core-1', kind: 'unit', name: 'core' }
  let held: string | undefined
  const store = createLogStore({
    dir,
    writer: 'ana-laptop-1-aaaaaaaaaaaa',
    append: noAppend,
    recorded: () => false,
    alive: () => true,
    hold: () => held,
    retryMs: 20,
  })
  const said: string[] = []
  const file = store.open(source, (text) => said.push(text))
  const texts = async () => {
    const found: string[] = []
    for await (const { text } of readLog(dir, source)) found.push(text)
    return found
  }
  const write = (text: string) => file.write({ at: new Date().toISOString(), stream: 'stdout', text })
  write('one')
  await vi.waitFor(async () => expect(await texts()).toEqual(['one']))
  held = 'ENOSPC'
  write('two')
  await vi.waitFor(() => expect(said.join()).toContain('not kept on disk for now: ENOSPC'))
  expect(await texts()).toEqual(['one'])
  held = undefined
  await vi.waitFor(async () => expect(await texts()).toEqual(['one', 'two']))
  await vi.waitFor(() => expect(said.at(-1)).toContain('kept on disk again'))
  await file.close()
  await store.close()
})
