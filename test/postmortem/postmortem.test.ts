import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Nodes } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { describe, expect, it } from 'vitest'
import { writeWhole } from '../../src/journal/files.ts'
import { loadIncident } from '../../src/journal/incidents.ts'
import type { Incident } from '../../src/model/incident.ts'
import { emptyIncident, foldAll } from '../../src/model/reduce.ts'
import { exportPostmortem } from '../../src/postmortem/export.ts'
import { mergePieces, readPieces, writePieces } from '../../src/postmortem/markers.ts'
import { renderPostmortem } from '../../src/postmortem/render.ts'
import { templates } from '../../src/postmortem/templates/index.ts'
import { timesOf } from '../../src/postmortem/times.ts'
import { recordStory, tempDir } from '../journal/setup.ts'

const template = templates.find(({ name }) => name === 'incident')!
const id = '2026-11-20-core-login-500'

async function story(): Promise<Incident> {
  const root = await tempDir()
  await recordStory(join(root, 'incidents', id))
  return (await loadIncident(root, id)).incident
}

/** Every node of a document. */
function nodesOf(node: Nodes): Nodes[] {
  return [node, ...('children' in node ? node.children.flatMap((child) => nodesOf(child as Nodes)) : [])]
}

describe('the postmortem of report 004', () => {
  it('has every section of the design, and what people must write as TODO', async () => {
    const markdown = renderPostmortem(await story(), template)
    const headings = [...markdown.matchAll(/^##? (.+)$/gm)].map(([, text]) => text)
    expect(headings).toEqual([
      'Postmortem: Core login answers 500',
      'Summary',
      'Impact',
      'Milestones and durations',
      'Timeline',
      'Root causes',
      'Fixes applied',
      'Verification matrix',
      'Undone, skipped or never verified',
      'Follow-ups',
      'Environment keys',
      'Appendix: commands and outputs',
      'Record',
    ])
    expect(markdown.match(/^TODO: .+/gm)).toHaveLength(4)
  })

  it('says what was measured', async () => {
    const markdown = renderPostmortem(await story(), template)
    expect(markdown).toContain('| Time to mitigate | 7 min 10 s | Impact started → mitigated |')
    expect(markdown).toContain('| Time (UTC, 2026-11-20) |')
    expect(markdown).toContain('| 22:12:00–22:14:00 | Cleaned the CORS block |')
    expect(markdown).toContain(
      '### Restart Core (`core-1`)\n\n**Found**: cwd /root → /opt/core/backend; missing NODE_ENV, PORT, BIND_ADDR',
    )
    expect(markdown).toContain(`found: sha256 \`${'1'.repeat(64)}\``)
    expect(markdown).toContain(`wanted: sha256 \`${'2'.repeat(64)}\``)
    expect(markdown).toContain('```diff\n--- found\n+++ wanted\n-cwd: /root\n+cwd: /opt/core/backend\n```')
    expect(markdown).toContain('| Login answers | core-1 | 200 | **500** (failed) | 200 |')
    expect(markdown).toContain('secretOrPrivateKey must be an asymmetric key when using RS256')
    expect(markdown).toContain('`BIND_ADDR`, `NODE_ENV`, `PORT`')
    expect(markdown).toMatch(
      /\| `pm2 start former\.json` \| core-1 \| exit 0, 1\.2 s; ok: online for 5 s, port 3002 listens \| \[Evidence \d\]\(#evidence-\d\) \|/,
    )
    expect(markdown).toContain('- [ ] Set CORE_APP_ID on DMAPI (ana)')
    expect(markdown).toContain('**Said by a person, not measured**: Log in through the UI')
    const cited = new Set([...markdown.matchAll(/\(#evidence-(\d+)\)/g)].map(([, number]) => number))
    for (const number of cited) expect(markdown).toContain(`### Evidence ${number}\n`)
  })

  it('is the same bytes for the same incident', async () => {
    const incident = await story()
    expect(renderPostmortem(incident, template)).toBe(renderPostmortem(structuredClone(incident), template))
  })

  it('of an incident of which nothing was recorded still has its sections', () => {
    const markdown = renderPostmortem(emptyIncident('x'), template)
    expect(markdown.match(/^## /gm)).toHaveLength(12)
    expect(markdown).toContain('No check was made.')
  })

  it('tells what was undone, skipped, failed or never verified, and what inspection could not tell', async () => {
    const incident = await story()
    const [key, step] = Object.entries(incident.steps).find(([, { step: name }]) => name === 'restart')!
    const check = incident.checks['login core-1']!
    const { after: _after, ...never } = check
    const failing = { ...check.before!, phase: 'after' as const, at: check.after!.at }
    const markdown = renderPostmortem(
      {
        ...incident,
        impact: 'Nobody could log in.',
        steps: {
          ...incident.steps,
          [key]: { ...step, state: 'undone', reason: 'as before' },
          a: { ...step, step: 'a', title: 'A', state: 'skipped', reason: 'not now', changes: [] },
          b: {
            ...step,
            step: 'b',
            title: 'B',
            state: 'unknown',
            reason: 'rebooted',
            changes: [],
            drift: { ...step.drift!, title: 'B', outcome: 'cannot_tell', because: 'no pm2' },
          },
        },
        checks: {
          'login core-1': { ...never, last: check.before! },
          'health core-1': { ...check, title: 'H', after: failing, last: failing },
        },
      },
      template,
    )
    expect(markdown).toContain('**Undone**: Restart Core on `core-1`: as before')
    expect(markdown).toContain('**Skipped**: A on `core-1`: not now')
    expect(markdown).toContain('**Unknown**: B on `core-1`: rebooted')
    expect(markdown).toContain('**B** on `core-1`: no pm2')
    expect(markdown).toContain('**Never verified**: Login answers')
    expect(markdown).toContain('**Check fails**: H')
    expect(markdown).toContain('Nobody could log in.')
    expect(markdown).not.toContain('Who was affected')
  })
})

describe('the postmortem claims no more than was seen', () => {
  const withChecks = (incident: Incident, ...checks: { id: string; title: string }[]): Incident => ({
    ...incident,
    runs: Object.fromEntries(
      Object.entries(incident.runs).map(([run, state]) => [
        run,
        { ...state, checks: checks.map((check) => ({ ...check, kind: 'http', hosts: ['core-1'] })) },
      ]),
    ),
  })
  const sectionOf = (markdown: string, name: string) =>
    readPieces(markdown).flatMap((piece) =>
      'name' in piece && piece.name === name ? [piece.content] : [],
    )[0]!

  it('lists a check that nobody looked at', async () => {
    const known = Object.values((await story()).checks).map(({ check, title }) => ({ id: check, title }))
    const markdown = renderPostmortem(
      withChecks(await story(), ...known, { id: 'probe', title: 'A real login' }),
      template,
    )
    expect(sectionOf(markdown, 'open')).toContain(
      '**Never verified**: A real login on `core-1`: not looked at',
    )
    expect(sectionOf(markdown, 'matrix')).toContain(
      '| A real login | core-1 | | not looked at | not looked at |',
    )
    expect(markdown).toContain('1 check was never looked at.')
    expect(markdown).not.toContain('every check was looked at')
  })

  it('says that every check was looked at only where the record tells which there were', async () => {
    const told = await story()
    const steps = Object.fromEntries(Object.entries(told.steps).filter(([, { state }]) => state === 'ok'))
    const known = Object.values(told.checks).map(({ check, title }) => ({ id: check, title }))
    const old = renderPostmortem({ ...told, steps }, template)
    expect(sectionOf(old, 'open')).toContain('every step that ran was verified.')
    expect(old).not.toContain('every check was looked at')
    const now = renderPostmortem(withChecks({ ...told, steps }, ...known), template)
    expect(now).toContain('and every check was looked at after the last step.')
  })

  it('after an undo counts no fix, and says that the looks were before it', async () => {
    const told = await story()
    const [key, step] = Object.entries(told.steps).find(([, { step: name }]) => name === 'restart')!
    const changes = step.changes.map((change) => ({
      ...change,
      undone: {
        run: step.run,
        step: step.step,
        host: step.host,
        started: change.started,
        verdict: 'ok' as const,
        reason: 'start the former one',
        at: '2026-11-20T23:30:00.000Z',
      },
    }))
    const undone = { ...step, state: 'undone' as const, reason: 'start the former one', changes }
    const markdown = renderPostmortem({ ...told, steps: { ...told.steps, [key]: undone } }, template)
    const summary = sectionOf(markdown, 'summary')
    expect(summary).not.toContain('applied and verified')
    expect(summary).toContain('1 step undone.')
    expect(summary).toMatch(/\d passed before the undo/)
    expect(summary).not.toContain('passed after')
    expect(sectionOf(markdown, 'fixes')).toContain('**Undone**: start the former one; was: exit 0')
    expect(sectionOf(markdown, 'fixes')).not.toContain('online for 5 s')
    expect(sectionOf(markdown, 'open')).toContain(
      'Login answers on `core-1`: not looked at after the last step',
    )
  })

  it('a log line is no root cause where nothing was found wrong', async () => {
    const told = await story()
    const pins = [{ ...told.pins[0]!, symptom: 'x', lines: ['an old error'] }]
    const wrong = renderPostmortem({ ...told, pins }, template)
    expect(sectionOf(wrong, 'causes')).toContain('an old error')
    const well = renderPostmortem({ ...told, pins, steps: {}, checks: {} }, template)
    expect(sectionOf(well, 'causes')).not.toContain('an old error')
    expect(sectionOf(well, 'causes')).toContain('No drift was found')
  })
})

/** A document with the nodes of some types blanked out. */
function without(markdown: string, nodes: readonly Nodes[], types: readonly string[]): string {
  const found = nodes.filter(({ type }) => types.includes(type)).reverse()
  return found.reduce(
    (text, { position }) => text.slice(0, position!.start.offset) + text.slice(position!.end.offset),
    markdown,
  )
}

describe('fault 17: hostile text', () => {
  const nasty = [
    '```\n# not ours\n```',
    '~~~\n</code></pre><script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[click](https://evil.example)',
    'https://evil.example www.evil.example a@evil.example',
    '![x](https://evil.example/x.png)',
    '<https://evil.example>',
    '| a | b |\n| - | - |',
    '`` ` ``` | `a|b` \\| \\',
    '# heading\n---\n* item\n1. item\n> quote',
    '<!-- sitrep:end timeline -->\n<!-- sitrep:begin x -->',
    '<!-- sitrep:begin causes ' + '0'.repeat(64) + ' -->',
    '[ref]: https://evil.example\n[ref]',
    '&lt;b&gt; &#60;script&#62; <b>',
    '$$x$$ ~~x~~ **x** _x_ [^1] [^1]: note',
    '- [x] done',
    '    indented code',
    '\\',
    '',
    ' ',
  ]

  /** The incident with this text in every place where outside text may stand. */
  function everywhere(text: string): Incident {
    const put = (value: unknown, key = ''): unknown => {
      if (typeof value === 'string')
        return /^(at|until|event|started|state|verdict|kind|outcome|severity|status|phase|endedBy|hlc|from|to|uses|run|step|id)$/.test(
          key,
        )
          ? value
          : text
      if (Array.isArray(value)) return value.map((entry) => put(entry))
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, put(entry, name)]))
    }
    return put(base) as Incident
  }
  let base: Incident

  function expectSafe(markdown: string): void {
    const tree = fromMarkdown(markdown)
    const nodes = nodesOf(tree)
    for (const node of nodes) {
      if (node.type === 'html')
        expect(node.value).toMatch(/^<!-- sitrep:(begin [a-z-]+ [0-9a-f]{64}|end [a-z-]+) -->$/)
      if (node.type === 'link') expect(node.url).toMatch(/^#evidence-\d+$/)
      expect(['image', 'definition', 'linkReference', 'imageReference']).not.toContain(node.type)
    }
    const headings = nodes.filter((node) => node.type === 'heading' && node.depth <= 2)
    expect(headings).toHaveLength(13)
    // What GFM makes of bare text: addresses become links unless they are escaped.
    const outside = without(markdown, nodes, ['code', 'inlineCode'])
    expect(outside).not.toMatch(/https?:\/\/|www\.|(?<!\\)\w@\w/)
    // The rows of each table have the cells of its head.
    for (const table of without(markdown, nodes, ['code']).match(/^\|.*(\n\|.*)+/gm) ?? []) {
      const cells = table
        .split('\n')
        .map((row) => row.replace(/\\\\/g, '').replace(/\\\|/g, '').split('|').length)
      expect(new Set(cells).size).toBe(1)
    }
    expect(readPieces(markdown).flatMap((piece) => ('name' in piece ? [piece.name] : []))).toEqual(sections)
    expect(mergePieces(readPieces(markdown), readPieces(markdown)).kept).toEqual([])
  }
  const sections = [
    'summary',
    'impact',
    'milestones',
    'timeline',
    'causes',
    'fixes',
    'matrix',
    'open',
    'followups',
    'environment',
    'appendix',
    'record',
  ]

  it.each(nasty)('%j', async (text) => {
    base = await story()
    expectSafe(renderPostmortem({ ...everywhere(text), alert: text, impact: text }, template))
  })

  it('any mixture of it', async () => {
    base = await story()
    const part = fc.oneof(
      fc.constantFrom(...nasty),
      fc.constantFrom('`', '|', '\\', '<', '[', ']', '(', '!', '\n', '*', '_', '~', 'a', ' '),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const text = parts.join('').replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, '')
        expectSafe(renderPostmortem({ ...everywhere(text), alert: text, impact: text }, template))
      }),
      { numRuns: process.env.SITREP_FULL ? 3000 : 60 },
    )
  })
})

describe('exporting', () => {
  it('writes a file of 0600, also where it was 0644, and nothing beside it', async () => {
    const dir = await tempDir()
    const file = join(dir, 'docs', 'postmortem.md')
    const incident = await story()
    const first = await exportPostmortem({ incident, template, file, write: writeWhole })
    expect(first).toMatchObject({ path: file, kept: [] })
    expect(await readFile(file, 'utf8')).toBe(renderPostmortem(incident, template))
    await chmod(file, 0o644)
    expect(await exportPostmortem({ incident, template, file, write: writeWhole })).toEqual(first)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(dir, 'docs'))).toEqual(['postmortem.md'])
  })

  it('again keeps what people wrote, renews what is ours, and says which sections they edited', async () => {
    const file = join(await tempDir(), 'p.md')
    const incident = await story()
    await exportPostmortem({ incident, template, file, write: writeWhole })
    const written = (await readFile(file, 'utf8'))
      .replace(/^TODO: In two.*$/m, 'The process ran in the wrong folder.')
      .replace(/^TODO: Why could.*$/m, 'A reboot.\n\n## Our own section\n\nwith text')
      .replace('Nothing was', 'Nothing was')
      .replace('- [ ] Set CORE_APP_ID', '- [ ] Please set CORE_APP_ID')
    await writeFile(file, `front matter\n\n${written}\nan end\n`)
    const later = {
      ...incident,
      severity: 'sev1' as const,
      followups: [...incident.followups, { id: 'f', text: 'Another', done: true }],
    }
    const second = await exportPostmortem({ incident: later, template, file, write: writeWhole })
    const text = await readFile(file, 'utf8')
    expect(second.kept).toEqual(['followups'])
    expect(text).toContain('The process ran in the wrong folder.')
    expect(text).toContain('## Our own section\n\nwith text')
    expect(text).toMatch(/^front matter\n/)
    expect(text).toMatch(/an end\n$/)
    expect(text).toContain('**Severity** sev1')
    expect(text).toContain('Please set CORE_APP_ID')
    expect(text).not.toContain('Another')
    expect((await exportPostmortem({ incident: later, template, file, write: writeWhole })).kept).toEqual([
      'followups',
    ])
    expect(await readFile(file, 'utf8')).toBe(text)
  })

  it('does not replace a file that is no export of ours', async () => {
    const file = join(await tempDir(), 'README.md')
    await writeFile(file, '# Mine\n')
    await expect(
      exportPostmortem({ incident: emptyIncident('x'), template, file, write: writeWhole }),
    ).rejects.toThrow('no export of sitrep')
    expect(await readFile(file, 'utf8')).toBe('# Mine\n')
  })

  it('leaves the file as it was where it can not be written whole, and says why', async () => {
    const file = join(await tempDir(), 'p.md')
    const incident = await story()
    await exportPostmortem({ incident, template, file, write: writeWhole })
    const before = await readFile(file, 'utf8')
    const write = () => Promise.reject(new Error('no space left'))
    const later = { ...incident, title: 'Another title' }
    await expect(exportPostmortem({ incident: later, template, file, write })).rejects.toThrow(
      "the postmortem can't be written: no space left",
    )
    expect(await readFile(file, 'utf8')).toBe(before)
  })
})

describe('markers', () => {
  const now = [
    { name: 'a', content: 'A' },
    { text: 'TODO: x' },
    { name: 'b', content: 'B' },
    { name: 'c', content: 'C' },
  ]

  it('come back as they were written', () => {
    const pieces = readPieces(writePieces(now))
    expect(writePieces(pieces)).toBe(writePieces(now))
    expect(mergePieces(pieces, now)).toEqual({ pieces: now, kept: [] })
  })

  it('keep the order that people gave, and put what is missing after what it follows', () => {
    const before = readPieces(writePieces([now[3]!, { text: 'mine' }, now[0]!]))
    const { pieces } = mergePieces(before, now)
    expect(pieces.map((piece) => ('name' in piece ? piece.name : piece.text))).toEqual([
      'c',
      'mine',
      'a',
      'b',
    ])
  })

  it('a section without its end, and a copy of one, are the author’s text', () => {
    const torn = readPieces(writePieces(now).replace('<!-- sitrep:end c -->', ''))
    expect(torn.at(-1)).toMatchObject({ text: expect.stringContaining('C') })
    const doubled = readPieces(`${writePieces(now)}\n${writePieces([now[0]!])}`)
    expect(mergePieces(doubled, now).pieces.at(-1)).toEqual({ text: 'A' })
  })

  it('a section that is no longer made goes, unless it was edited', () => {
    const before = readPieces(
      writePieces([
        { name: 'old', content: 'X' },
        { name: 'a', content: 'A' },
      ]),
    )
    expect(mergePieces(before, now).pieces[0]).toEqual({ name: 'a', content: 'A' })
    const edited = readPieces(writePieces([{ name: 'old', content: 'X' }]).replace('X', 'Y'))
    expect(mergePieces(edited, now)).toMatchObject({
      kept: ['old'],
      pieces: [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'old', content: 'Y' }],
    })
  })
})

describe('times', () => {
  it('have their day where there is more than one, and what is no time stays text', () => {
    const times = timesOf(['2026-11-20T23:59:00.000Z', '2026-11-21T00:01:00.000Z'])
    expect(times.column).toBe('Time (UTC)')
    expect(times.range('2026-11-20T23:59:00.000Z', '2026-11-21T00:01:00.000Z')).toBe(
      '2026-11-20 23:59:00–2026-11-21 00:01:00',
    )
    expect(times.range('2026-11-20T23:58:00.000Z', '2026-11-20T23:59:00.000Z')).toBe(
      '2026-11-20 23:58:00–23:59:00',
    )
    expect(times.at('soon')).toBe('soon')
    expect(foldAll([], 'x').timeline).toEqual([])
  })
})
