import { describe, expect, it } from 'vitest'
import type { HostState } from '../../src/model/host.ts'
import { terminal } from '../helpers/terminal.ts'
import { fakeConsole } from './fakeConsole.ts'
import { expectFits } from './frame.ts'
import { type Scene, scenes } from './scenes.ts'

const sizes = [
  [80, 24],
  [120, 40],
  [200, 60],
  [40, 10],
] as const

describe('every screen keeps its terminal', () => {
  for (const scene of Object.keys(scenes) as Scene[]) {
    it(`${scene}, at four sizes`, async () => {
      await using t = terminal(fakeConsole(scenes[scene]))
      for (const [columns, rows] of sizes) {
        t.resize(columns, rows)
        const screen = await t.waitFor((shown) => shown.split('\n').length === rows)
        expectFits(screen, columns, rows)
      }
    })
  }
})

describe('the status line', () => {
  it('always says severity, title, status, elapsed time, hosts and UTC', async () => {
    await using t = terminal(fakeConsole(scenes.plan))
    const [first] = (await t.see(/03:12:09 UTC/)).split('\n')
    for (const part of [
      'SEV2',
      'Core login answers 500',
      'investigating',
      '0:41:09',
      '1/1 hosts',
      '03:12:09 UTC',
    ]) {
      expect(first).toContain(part)
    }
  })

  it('names the host that is lost', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    console.set((state) => ({
      ...state,
      room: {
        ...state.room!,
        hosts: { ...state.room!.hosts, 'edge-1': { is: 'lost', since: '', reason: 'no answer' } },
      },
    }))
    const screen = await t.see(/1\/2 hosts, edge-1 LOST/)
    expect(screen.split('\n')[1]).toMatch(/^ edge-1 LOST: no answer *$/)
    expectFits(screen, 80, 24)
  })

  it('says what is wrong with each way to a host, the worst first, on a row that goes when nothing is', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    const since = '2026-11-20T03:11:00.000Z'
    const ready = console.getState().room!.hosts
    const show = (hosts: Record<string, HostState>) =>
      console.set((state) => ({ ...state, room: { ...state.room!, hosts: { ...ready, ...hosts } } }))
    const reason = 'the link was lost: no answer for 20 s'
    show({ 'db-1': { is: 'connecting', since, reason, again: true } })
    let screen = await t.see(/1\/2 hosts, db-1 LOST/)
    expect(screen.split('\n')[1]).toMatch(/^ db-1 LOST 03:11:00, connecting again: no answer for 20 s *$/)
    show({ 'db-1': { is: 'connecting', since, reason: 'the host closed the connection; trying again' } })
    screen = await t.see(/1\/2 hosts, db-1 connecting/)
    expect(screen.split('\n')[1]).toMatch(
      /^ db-1 connecting since 03:11:00: the host closed the connection; tryi/,
    )
    show({
      'db-1': { is: 'stale', since },
      'edge-1': { is: 'refused', reason: 'its host key has changed: it shows SHA256:abc' },
      'web-1': { is: 'ready', since, reason: 'a command waits for a channel' },
    })
    screen = await t.see(/edge-1 REFUSED: its host key has changed/)
    expect(screen.split('\n')[1]).toMatch(/SHA256:abc {2}db-1 silent.*…$/)
    expectFits(screen, 80, 24)
    show({})
    screen = await t.see(/1\/1 hosts/)
    expect(screen).not.toContain('silent since')
    expectFits(screen, 80, 24)
  })

  it('cuts a long title with … and keeps the rest, also one of wide characters', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    console.set((state) => ({
      ...state,
      room: { ...state.room!, incident: { ...state.room!.incident, title: '登录失败'.repeat(40) } },
    }))
    const screen = await t.see(/登录失.*… +investigating.*03:12:09 UTC/)
    expectFits(screen, 80, 24)
  })
})

describe('home', () => {
  it('shows incidents, runbooks and hosts with their state in words', async () => {
    await using t = terminal(fakeConsole(scenes.home))
    const screen = await t.see(/incidents/)
    for (const part of [
      'SEV2 Core login answers 500',
      '41 min ago',
      'core-pm2',
      'NOT TRUSTED',
      'LOST: no answer for 30 s',
      '✓ connected',
    ]) {
      expect(screen).toContain(part)
    }
  })

  it('opens an incident with enter', async () => {
    const console = fakeConsole(scenes.home)
    await using t = terminal(console)
    await t.see(/incidents/)
    t.press('j', 'enter')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'open', incident: '2026-11-18-caddy' }])
  })

  it('declares an incident by its title', async () => {
    const console = fakeConsole(scenes.home)
    await using t = terminal(console)
    await t.see(/incidents/)
    t.press('n')
    await t.see(/New incident/)
    t.press('enter')
    await t.see(/an incident needs a title/)
    t.send('Login answers 500\r')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'declare', title: 'Login answers 500' }])
  })

  it('finds a runbook by an error that was pasted, and declares with it', async () => {
    const console = fakeConsole(scenes.home)
    await using t = terminal(console)
    await t.see(/incidents/)
    t.press('/')
    await t.see(/Find a runbook/)
    t.send('\u001b[200~asymmetric key\n\u001b[201~')
    await t.see(/\/asymmetric key.*1 of 5/)
    t.press('enter')
    await t.waitFor((screen) => !screen.includes('Find a runbook'))
    t.press('enter')
    await t.see(/New incident with core-pm2/)
    t.send('Core is down\r')
    await t.waitFor(() => console.intents.length === 2)
    expect(console.intents).toEqual([
      { do: 'declare', title: 'Core is down' },
      { do: 'openRunbook', runbook: 'core-pm2' },
    ])
  })

  it('does not open a runbook of a folder that is not trusted', async () => {
    const console = fakeConsole(scenes.home)
    await using t = terminal(console)
    await t.see(/incidents/)
    t.press('2', 'G', 'enter')
    await t.see(/found stands in a folder that is not trusted/)
    expect(console.intents).toEqual([])
  })
})

describe('the room', () => {
  it('selects the step that would change something and shows why, what and the diff', async () => {
    await using t = terminal(fakeConsole(scenes.plan))
    const screen = await t.see(/cwd is \/root and not \/opt\/core\/backend/)
    expect(screen).toMatch(/› {2}2 ± would change/)
    expect(screen).toContain("sh -c 'pm2 delete")
    t.press('pgdn')
    await t.see(/-cwd: \/root\n +\+cwd: \/opt\/core\/backend/)
    t.press('d')
    await t.see(/diff pm2:core-backend \+5 -2, d shows it/)
  })

  it('says in the footer what enter does next, and does that', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    await t.see(/enter run from 1 env/)
    t.press('enter')
    await t.waitFor(() => console.intents.length > 0)
    console.set(() => scenes.failed)
    await t.see(/enter plan again/)
    console.set(() => scenes.done)
    await t.see(/enter export the postmortem/)
    console.set(() => scenes.suggested)
    await t.see(/enter open core-pm2/)
    t.press('enter')
    await t.waitFor(() => console.intents.length === 2)
    expect(console.intents).toEqual([{ do: 'run' }, { do: 'openRunbook', runbook: 'core-pm2' }])
  })

  it('says why a key is off', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    await t.see(/would change/)
    t.press('x')
    await t.see(/x \(cancel\): nothing runs/)
    t.press('u')
    await t.see(/u \(undo\): restart has changed nothing on core-1/)
    expect(console.intents).toEqual([])
  })

  it('shows a failed step by its verdict, exit and output', async () => {
    await using t = terminal(fakeConsole(scenes.failed))
    const screen = await t.see(/✗ failed: core-backend is errored after 3 restarts/)
    expect(screen).toContain("Error: Cannot find module 'jsonwebtoken'")
    expect(screen).toContain('exit 1')
    expect(screen).toContain('finished, exit 1')
  })

  it('shows the matrix with before and after', async () => {
    await using t = terminal(fakeConsole(scenes.done))
    t.press('2')
    await t.see(/Log in with the practice user \(pro.* ✗ 500 +✓ 200 +✓ 200/)
    t.press('j', 'enter')
    await t.see(/secretOrPrivateKey must be an asymmetric key/)
  })

  it('undoes after a confirmation that says how, and takes no quick key', async () => {
    const console = fakeConsole(scenes.failed)
    await using t = terminal(console)
    await t.see(/failed/)
    t.send('u\r')
    await t.see(/UNDO Restart Core/)
    expect(t.screen()).toContain('start the former definition of core-backend')
    expect(console.intents).toEqual([])
    await t.pressUntil('enter', () => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'undo', step: 'restart', host: 'core-1' }])
  })

  it('cancels after a confirmation', async () => {
    const console = fakeConsole(scenes.running)
    await using t = terminal(console)
    await t.see(/running/)
    t.press('x')
    await t.see(/CANCEL what runs/)
    await t.pressUntil('enter', () => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'cancel' }])
  })

  it('adds a note, also back-dated, and says when it would be', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    await t.see(/would change/)
    t.press('a')
    await t.see(/Back-date it/)
    t.send('02:32-02:41 cleaned the CORS block')
    await t.see(/at 2026-11-20 02:32:00 until 02:41:00 UTC/)
    t.press('enter')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([
      {
        do: 'note',
        text: 'cleaned the CORS block',
        at: '2026-11-20T02:32:00.000Z',
        until: '2026-11-20T02:41:00.000Z',
      },
    ])
  })

  it('sets status and severity, runs checks, exports, follows, and runs an ad hoc command', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    await t.see(/would change/)
    t.send('S2\r')
    t.send('E1\r')
    t.send('ce')
    t.send('!\u0015core-1\ruptime -p\r')
    t.send('f\u0015core-1 unit:nginx\r')
    await t.waitFor(() => console.intents.length === 6)
    expect(console.intents).toEqual([
      { do: 'status', to: 'identified' },
      { do: 'set', severity: 'sev1' },
      { do: 'check' },
      { do: 'export' },
      { do: 'command', hosts: ['core-1'], text: 'uptime -p' },
      { do: 'follow', host: 'core-1', kind: 'unit', name: 'nginx' },
    ])
  })

  it('does not run an ad hoc command on a host that it does not know', async () => {
    await using t = terminal(fakeConsole(scenes.plan))
    await t.see(/would change/)
    t.send('!\u0015core-9\r')
    await t.see(/core-9 is not in the inventory/)
  })

  it('shows what the core rejects', async () => {
    const console = fakeConsole(scenes.plan)
    console.on(() => {
      throw Object.assign(new Error('the link is lost'), { where: 'core-1', next: 'r plans again' })
    })
    await using t = terminal(console)
    await t.see(/would change/)
    t.press('enter')
    await t.see(/✗ core-1: the link is lost; r plans again/)
  })

  it('finds a command in the palette and starts it', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    await t.see(/would change/)
    t.press('ctrl-k')
    await t.see(/All commands/)
    t.send('postmortem')
    await t.see(/› export/)
    t.press('enter')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'export' }])
  })

  it('shows help for every key of the screen', async () => {
    await using t = terminal(fakeConsole(scenes.plan), { columns: 120, rows: 60 })
    await t.see(/would change/)
    t.press('?')
    const screen = await t.see(/The incident room/)
    expect(screen).toContain('Goes back to the home screen')
    t.press('esc')
    await t.see(/would change/)
  })

  it('says RECORDING STOPPED on top', async () => {
    await using t = terminal(fakeConsole(scenes.stopped))
    const screen = await t.see(/RECORDING STOPPED: no space left on device/)
    expect(screen.split('\n')[1]).toContain('RECORDING STOPPED')
  })

  it('keeps an input open when a question comes, and says that one waits', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    await t.see(/would change/)
    t.send('ahalf a no')
    await t.see(/half a no/)
    console.set(() => scenes.approval)
    await t.see(/A question waits: Restart Core under PM2/)
    t.send('te\r')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'note', text: 'half a note' }])
    await t.see(/enter approves this, on core-1, once/)
  })
})

describe('without colour', () => {
  it('says every state in words and marks under NO_COLOR, and uses ASCII marks on a dumb terminal', async () => {
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      await using t = terminal(fakeConsole(scenes.failed), { env })
      const screen = await t.see(/failed: core-backend is errored/)
      expect(screen).toContain('in sync')
      expect(t.raw()).not.toMatch(/\u001b\[3[0-7]m/)
      if ('TERM' in env) expect(screen).not.toMatch(/[✓✗›━─]/)
    }
  })
})
