import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Action } from '../../src/model/action.ts'
import { act } from '../helpers/act.ts'
import { tempDir, testSession } from '../helpers/reader.ts'

const root = join(import.meta.dirname, '../..')

it('the action of docs/writing-actions.md works as it stands there, and its case holds', async () => {
  await using dir = await tempDir()
  const page = await readFile(join(root, 'docs/writing-actions.md'), 'utf8')
  const block = (language: string) => new RegExp(`\`\`\`${language}\n(.*?)\n\`\`\``, 's').exec(page)![1]!
  const source = block('ts')
    .replaceAll("'../model/", `'${root}/src/model/`)
    .replaceAll("'./shared/", `'${root}/src/actions/shared/`)
    .replace("'zod'", `'${import.meta.resolve('zod')}'`)
  await writeFile(dir.at('file.mode.ts'), source)
  const { action } = (await import(pathToFileURL(dir.at('file.mode.ts')).href)) as { action: Action }

  const one = JSON.parse(block('json'))
  const p = action.params.parse(one.params)
  expect(action.plan(p, one.facts, { stamp: '', id: '' })).toEqual(one.plan)
  expect(action.params.safeParse(parse(action.example)).success).toBe(true)

  await writeFile(dir.at('x'), '')
  await chmod(dir.at('x'), 0o644)
  const mode = async () => (await stat(dir.at('x'))).mode & 0o777
  const { verdict, undo } = await act(action, testSession(), { path: dir.at('x'), mode: '0600' })
  expect(verdict).toEqual({ verdict: 'ok', reason: `${dir.at('x')} has mode 0600` })
  expect(await mode()).toBe(0o600)
  await undo()
  expect(await mode()).toBe(0o644)
})
