import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { trustFolder } from '../../src/runbook/trust.ts'

let root: string
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'sitrep-found-')))
})
afterAll(() => rmSync(root, { recursive: true }))

/** The proxy command of the inventory that is opened in a folder, or why it is not. */
async function opened(cwd: string, file?: string): Promise<string> {
  const module = JSON.stringify(join(import.meta.dirname, '../../src/compose/inventory.ts'))
  const script = `import { openInventory } from ${module}
    const said = await openInventory(${JSON.stringify(file)}).then(({ hosts }) => hosts[0].proxyCommand, ({ message }) => message)
    console.log(said)`
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script], {
    cwd,
    env: { XDG_CONFIG_HOME: join(root, 'config') },
  })
  return stdout
}

it('an inventory that was only found names a command once its folder is trusted, or the file is named', async () => {
  const [clone, config] = [join(root, 'clone'), join(root, 'config/sitrep')]
  for (const folder of [join(clone, 'below'), join(root, 'empty'), config])
    mkdirSync(folder, { recursive: true })
  const text = 'hosts:\n  a:\n    proxy_command: nc %h %p\n'
  writeFileSync(join(clone, 'sitrep.yaml'), text)
  writeFileSync(join(config, 'sitrep.yaml'), text)
  for (const cwd of [clone, join(clone, 'below')]) {
    const refused = await opened(cwd)
    expect(refused).toContain(`${clone}/sitrep.yaml:3:5`)
    expect(refused).toContain(`sitrep trust --runbooks ${clone}, or name it with --inventory`)
  }
  expect(await opened(clone, join(clone, 'sitrep.yaml'))).toBe('nc %h %p')
  expect(await opened(join(root, 'empty'))).toBe('nc %h %p')
  await trustFolder(clone, config)
  expect(await opened(join(clone, 'below'))).toBe('nc %h %p')
})
