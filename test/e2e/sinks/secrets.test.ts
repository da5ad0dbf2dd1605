import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { execa, execaSync } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeBook, writeInventory } from '../helpers/book.ts'
import { approves, journaled, sit, until } from '../helpers/console.ts'
import { type Desk, desk } from '../helpers/sitrep.ts'
import { secrets, secretsIn, writePrinter } from './forms.ts'

const hasTmux = execaSync('tmux', ['-V'], { reject: false }).exitCode === 0

let at: Desk
let prints: string
const file = (name: string) => join(at.cwd, name)
const params = ['--param', 'file=@secret.txt']

beforeEach(() => {
  at = desk({ BOOK_TOKEN: secrets.token })
  at.env.XDG_STATE_HOME = file('host-state')
  writeInventory(at)
  writeFileSync(file('secret.txt'), secrets.file)
  writeFileSync(file('app.env'), 'OLD=1\nAPI_TOKEN=former-Walrus77-value\n')
  prints = writePrinter(file('print.mjs'))
  writeBook(
    at,
    [
      { id: 'shows', with: { run: prints, undo: prints } },
      {
        id: 'sets',
        uses: 'env.set',
        with: { file: file('app.env'), set: { API_TOKEN: '{{ params.token }}' } },
      },
      { id: 'fails', with: { run: `${prints}; exit 3` } },
    ],
    {
      params: {
        token: { secret: true, from: 'env:BOOK_TOKEN' },
        file: { secret: true },
      },
      logs: [{ file: file('app.log') }],
      checks: [{ id: 'up', title: 'Up', command: { run: `${prints}; exit 1` } }],
    },
  )
})
afterEach(() => at[Symbol.dispose]())

/** Every file under the state folder as text; what is compressed as what is in it. */
function stored(): Record<string, string> {
  const files = readdirSync(at.home, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const bytes = readFileSync(join(parentPath, name))
      return [name, (/gz$/.test(name) ? gunzipSync(bytes) : bytes).toString()]
    }),
  )
}

function expectClean(sinks: Record<string, string>): void {
  const found = Object.entries(sinks).flatMap(([name, text]) => {
    const secret = secretsIn(text)
    return secret.length === 0 ? [] : [`${name}: ${secret.join(' ')}`]
  })
  expect(found).toEqual([])
}

it('the grep for them finds each form', async () => {
  const [, ...rest] = prints.split(`'${process.execPath}'`)
  const { stdout } = await execa('sh', ['-c', `'${process.execPath}' ${rest.join('')}`], {
    env: { TOKEN: secrets.token, FILE: secrets.file },
  })
  const forms = stdout.split('form: ').slice(1)
  expect(forms.length).toBeGreaterThan(60)
  for (const form of forms) {
    // Colours in the middle of it are what only the redactor looks through.
    const plain = form.replace(/\u001b\[\d*m/g, '')
    expect(secretsIn(decodeURIComponent(plain.replace(/%(?![0-9A-F]{2})/g, '%25'))), form).not.toEqual([])
  }
})

describe('faults 24 and 25: a secret that a step prints in every form', () => {
  it('is nowhere under the state folder, in no export, and in no output of any command', async () => {
    const outputs: Record<string, string> = {}
    const sitrep = async (exit: number, ...args: string[]) => {
      const { exitCode, stdout, stderr } = await at.sitrep(...args)
      const name = `sitrep ${args.join(' ')}`
      expect(exitCode, `${name}\n${stderr}`).toBe(exit)
      outputs[name] = `${stdout}\n${stderr}`
    }
    await sitrep(0, 'plan', 'book.yaml', ...params)
    await sitrep(0, 'plan', 'book.yaml', ...params, '--json')
    await sitrep(1, 'check', 'book.yaml', ...params)
    await sitrep(1, 'check', 'book.yaml', ...params, '--json', '--debug')
    await sitrep(1, 'run', 'book.yaml', ...params, '--yes', '--debug')
    const id = at.incident()
    await sitrep(1, 'run', 'book.yaml', ...params, '--yes', '--json', '--incident', id)
    await sitrep(0, 'undo', id, 'shows', '--yes', '--json')
    for (const command of ['timeline', 'verify', 'export']) await sitrep(0, command, id)
    for (const command of ['timeline', 'verify']) await sitrep(0, command, id, '--json')
    await sitrep(0, 'export', id, '-o', file('post.md'))
    await sitrep(0, 'list')
    await sitrep(0, 'list', '--json')
    await sitrep(0, 'lint', 'book.yaml')
    await sitrep(0, 'archive', id, '-o', file('one.tgz'))
    await sitrep(2, 'run', 'book.yaml', ...params, '--from', 'nothing', '--debug')
    await sitrep(0, 'scan', id)
    await sitrep(0, 'scan', id, '--json', '--secret', 'token=env:BOOK_TOKEN', '--secret', 'file=@secret.txt')
    await sitrep(4, 'delete', id)

    // It was printed, kept and marked: what is clean is not only empty.
    const files = stored()
    expect(readFileSync(file('app.env'), 'utf8')).toContain('ZebraQuartz42')
    expect(Object.values(files).some((text) => /form: ‹secret:token›[\s\S]*line 299 of/.test(text))).toBe(
      true,
    )
    expect(outputs[`sitrep timeline ${id} --json`]).toContain('‹secret:file›')
    expectClean(files)
    expectClean(outputs)
    expectClean({
      'post.md': readFileSync(file('post.md'), 'utf8'),
      'one.tgz': gunzipSync(readFileSync(file('one.tgz'))).toString(),
    })
  })

  it.runIf(hasTmux)(
    `is on no screen of the console, in no log on disk, and in no note${hasTmux ? '' : ' (no tmux here)'}`,
    async () => {
      writeFileSync(file('app.log'), '')
      const id = (await at.sitrep('declare', 'A leak')).stdout
      // The console asks for a secret that has no source: here both come from where the book says.
      const book = readFileSync(file('book.yaml'), 'utf8').replace(
        / {2}file:\n {4}secret: true\n/,
        `  file:\n    secret: true\n    from: env:BOOK_FILE\n`,
      )
      writeFileSync(file('book.yaml'), book)
      await using person = await sit(at, ['open', id, '--runbook', 'book.yaml'], {
        raw: file('raw'),
        env: { BOOK_FILE: secrets.file },
        columns: 100,
        rows: 40,
      })
      const { t } = person
      await t.see(/± would change +shows/)
      // A log that prints them, now that they are known.
      const printed = await execa(process.execPath, [file('print.mjs')], {
        env: { TOKEN: secrets.token, FILE: secrets.file },
        stripFinalNewline: false,
      })
      appendFileSync(file('app.log'), printed.stdout)
      await t.pressUntil('3', /\[3 logs\]/)
      await t.see(/line 299 of the output/)
      await t.press('a')
      await t.see(/Back-date it/)
      await t.type('I saw Walrus77 in first-line-Walrus77, and ZebraQuartz')
      await t.press('Escape')
      await t.gone(/Back-date it/)
      await t.pressUntil('1', /\[1 steps\]/)
      await t.pressUntil('Enter', approves)
      await t.press('Enter')
      await until(() => journaled(at, 'step.verified').length === 1, 20_000)
      await person.leave()
      const files = stored()
      const logs = Object.entries(files).filter(([, text]) => text.includes('line 299 of the output'))
      expect(logs.length).toBeGreaterThan(1)
      expectClean(files)
      expectClean({ stderr: person.stderr() })
      // What the person typed themselves stood on the screen while they typed it.
      const drawn = readFileSync(file('raw'), 'utf8')
      expect(secretsIn(drawn).filter((needle) => needle !== 'Walrus77')).toEqual([])
      expect(existsSync(file('app.log'))).toBe(true)
    },
  )
})
