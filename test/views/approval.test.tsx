import { describe, expect, it } from 'vitest'
import type { Intent } from '../../src/console.types.ts'
import { terminal } from '../helpers/terminal.ts'
import { type FakeConsole, fakeConsole } from './fakeConsole.ts'
import { expectFits } from './frame.ts'
import { approvalRequest, scenes } from './scenes.ts'

const open = /enter approves this, on core-1, once/
const approvals = (console: FakeConsole) =>
  console.intents.filter((intent): intent is Intent & { do: 'approve' } => intent.do === 'approve')

/** Each approval is followed by the next at once. */
function rushing(): FakeConsole {
  const console = fakeConsole(scenes.approval)
  let asked = 0
  console.on((intent) => {
    if (intent.do !== 'approve') return
    console.set((state) => ({
      ...state,
      room: { ...state.room!, approval: { ...approvalRequest, id: `next-${++asked}` } },
    }))
  })
  return console
}

describe('an approval', () => {
  it('shows where, the risk, why, the undo and exactly what runs', async () => {
    await using t = terminal(fakeConsole(scenes.approval))
    const screen = await t.see(open)
    for (const part of [
      'APPROVE 2/3 Restart Core under PM2  pm2.restart',
      'where core-1 (10.0.4.11) PRODUCTION',
      'risk  INTERRUPT, the service stops for a moment',
      'cwd is /root and not /opt/core/backend',
      'possible, for each of 3 changes',
      '$ cd /opt/core/backend && sudo -u deploy env NODE_ENV=production',
      'BIND_ADDR=127.0.0.1 CORE_TOKEN=‹secret:token›',
      'gets CORE_TOKEN on its input, as secrets',
      'undo: start the former definition of core-backend',
      'MORE BELOW',
    ]) {
      expect(screen).toContain(part)
    }
    t.press('pgdn', 'pgdn', 'pgdn')
    expectFits(await t.see(/pm2 save\n[\s\S]*the end|the end[\s\S]*pm2 save/), 80, 24)
  })

  it('fault 32: of a lock that would be taken over says whose, since when, for what, and wants its id typed', async () => {
    const holder = {
      lock: '4f9c2a7b',
      resource: 'pm2:core-backend',
      by: 'ben@desk',
      incident: '2026-11-20-core-login-500',
      step: 'core-pm2/restart',
      since: '2026-11-20T22:40:00Z',
      running: true,
    }
    const approval = {
      ...approvalRequest,
      confirm: 'typed' as const,
      target: holder.lock,
      holder,
      repeats: 'ask them first',
    }
    const console = fakeConsole({ ...scenes.approval, room: { ...scenes.approval.room!, approval } })
    await using t = terminal(console)
    const screen = await t.see(/TAKE OVER/)
    for (const part of [
      'lock  4f9c2a7b',
      'of    pm2:core-backend on core-1',
      'held  by ben@desk since 2026-11-20T22:40:00Z',
      'for   core-pm2/restart in 2026-11-20-core-login-500',
      'A COMMAND OF IT RUNS ON THE HOST',
      'ask them first',
      'what it means',
    ])
      expect(screen).toContain(part)
    expect(screen).not.toContain('what runs')
    await t.see(/type 4f9c2a7b to take it over/)
    expectFits(screen, 80, 24)
  })

  it('says why it can not be undone', async () => {
    await using t = terminal(fakeConsole(scenes.typed))
    await t.see(/NOT POSSIBLE for 1 of 3: the former dump.pm2 is overwritten/)
    await t.see(/CHANGED since you approved it/)
  })

  it('is approved by enter, once it has stood', async () => {
    const console = fakeConsole(scenes.approval)
    await using t = terminal(console)
    await t.see(open)
    t.press('enter')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'approve', request: 'a1' }])
  })

  it('takes no key that was typed before it stood', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    await t.see(/would change/)
    console.set(() => scenes.approval)
    await t.see(/keys count in a moment/)
    t.press('enter', 'esc', 's', 'n')
    await t.see(open)
    expect(console.intents).toEqual([])
  })

  it('takes one of ten Enters that come as one chunk, and none of them for the next', async () => {
    const console = rushing()
    await using t = terminal(console)
    await t.see(open)
    t.send('\r'.repeat(10))
    await t.waitFor(() => approvals(console).length > 0)
    await t.see(/keys count in a moment/)
    await t.see(open)
    expect(console.intents).toEqual([{ do: 'approve', request: 'a1' }])
  })

  it('takes one of many Enters that a held key sends', async () => {
    const console = rushing()
    await using t = terminal(console)
    await t.see(open)
    const end = Date.now() + 900
    while (Date.now() < end) {
      t.press('enter')
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    expect(approvals(console)).toHaveLength(1)
    await t.see(open)
    t.press('enter')
    await t.waitFor(() => approvals(console).length === 2)
  })

  it('takes nothing of a bracketed paste', async () => {
    const console = rushing()
    await using t = terminal(console)
    await t.see(open)
    t.send(`\u001b[200~${'\r'.repeat(10)}y\u001b[201~`)
    t.press('pgdn')
    await t.see(/rows 9 to 21/)
    expect(console.intents).toEqual([])
  })

  it('gives the Enters that follow an answer to nothing else either', async () => {
    const console = fakeConsole(scenes.approval)
    console.on((intent) => {
      if (intent.do === 'approve') console.set(() => scenes.plan)
    })
    await using t = terminal(console)
    await t.see(open)
    t.send('\r'.repeat(10))
    t.press('enter', 'enter')
    await t.see(/enter run from/)
    expect(console.intents).toEqual([{ do: 'approve', request: 'a1' }])
  })

  it('is refused by esc', async () => {
    const console = fakeConsole(scenes.approval)
    await using t = terminal(console)
    await t.see(open)
    t.press('esc')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'refuse', request: 'a1' }])
  })

  it('is skipped with a reason', async () => {
    const console = fakeConsole(scenes.approval)
    await using t = terminal(console)
    await t.see(open)
    t.press('s')
    await t.see(/Skip this step/)
    t.press('enter')
    await t.see(/say why it is skipped/)
    t.send('done by hand at 02:40\r')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'skip', request: 'a1', reason: 'done by hand at 02:40' }])
  })

  it('can be put again when the core rejects the answer', async () => {
    const console = fakeConsole(scenes.approval)
    let first = true
    console.on(() => {
      if (first) {
        first = false
        throw new Error('the journal is busy')
      }
    })
    await using t = terminal(console)
    await t.see(open)
    t.press('enter')
    await t.see(/the journal is busy/)
    await t.see(open)
    t.press('enter')
    await t.waitFor(() => console.intents.length === 2)
  })

  it('waits while the person looks around', async () => {
    const console = fakeConsole(scenes.approval)
    await using t = terminal(console)
    await t.see(open)
    t.press('tab')
    await t.see(/tab back to the question/)
    t.press('3')
    await t.see(/must be an asymmetric key/)
    t.press('enter')
    t.press('tab')
    await t.see(open)
    expect(console.intents).toEqual([])
  })

  it('shares a wide terminal with the logs', async () => {
    await using t = terminal(fakeConsole(scenes.approval), { columns: 200, rows: 60 })
    const screen = await t.see(open)
    expect(screen).toContain('must be an asymmetric key')
    expect(screen).toContain('4 timeline')
    expectFits(screen, 200, 60)
  })
})

describe('a typed approval', () => {
  it('wants the target, exactly, and drops what was typed before it stood', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    await t.see(/would change/)
    console.set(() => scenes.typed)
    await t.see(/keys count in a moment/)
    t.send('core-1\r')
    await t.see(/type core-1 to approve/)
    t.press('enter')
    await t.see(/type core-1 first/)
    t.send('core')
    await t.see(/target core/)
    t.press('enter')
    await t.see(/'core' is not core-1/)
    t.send('-1')
    await t.see(/enter approves it/)
    t.press('enter')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'approve', request: 'a2', typed: 'core-1' }])
  })

  it('takes letters as text, and skips by ctrl-s', async () => {
    const console = fakeConsole(scenes.typed)
    await using t = terminal(console)
    await t.see(/type core-1 to approve/)
    t.send('sny')
    await t.see(/target sny/)
    t.press('ctrl-s')
    await t.see(/Skip this step/)
    expect(console.intents).toEqual([])
  })
})

describe('a manual step', () => {
  for (const [key, ok, text] of [
    ['y', true, 'done'],
    ['n', false, 'not so'],
  ] as const) {
    it(`is answered by ${key}`, async () => {
      const console = fakeConsole(scenes.manual)
      await using t = terminal(console)
      const screen = await t.see(/y it is done/)
      expect(screen).toContain('Can you log in through the UI, and are you still logged in after a minute?')
      expect(screen).toContain('Open https://media.example.org in a private window.')
      t.press(key)
      await t.waitFor(() => console.intents.length > 0)
      expect(console.intents).toEqual([{ do: 'answer', request: 'a3', text, ok }])
    })
  }

  it('is answered in words', async () => {
    const console = fakeConsole(scenes.manual)
    await using t = terminal(console)
    await t.see(/y it is done/)
    t.press('t')
    await t.see(/It goes to the record as you write it/)
    t.send('logged out after a minute\r')
    await t.see(/Is it done, and was it right/)
    expect(console.intents).toEqual([])
    t.send('n')
    await t.see(/the step failed/)
    t.send('\r')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([
      { do: 'answer', request: 'a3', text: 'logged out after a minute', ok: false },
    ])
  })
})

describe('a prompt', () => {
  it('says who asks and why, and never shows a secret', async () => {
    const console = fakeConsole(scenes.prompt)
    console.on(() => console.set((state) => ({ ...state, prompt: undefined })))
    await using t = terminal(console)
    await t.see(/QUESTION from core-1 \(10.0.4.11\)/)
    await t.pressUntil('x', () => t.screen().includes('secret typed'))
    t.send('\u0015hunter2-the-passphrase')
    await t.see(/secret typed/)
    t.press('enter')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'reply', prompt: 'p1', value: 'hunter2-the-passphrase' }])
    await t.waitFor((screen) => !screen.includes('QUESTION'))
    expect(t.raw()).not.toContain('hunter2')
    expect(t.raw()).not.toContain('passphra\u0073e-')
  })

  it('is declined by esc, and no early Enter answers it with nothing', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    await t.see(/would change/)
    console.set(() => scenes.prompt)
    await t.see(/QUESTION/)
    t.send('\r\r')
    await t.pressUntil('esc', () => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'reply', prompt: 'p1', value: undefined }])
  })

  it('takes y for a host key, and not enter', async () => {
    const console = fakeConsole(scenes.hostKey)
    await using t = terminal(console)
    await t.see(/SHA256:n2JxV0yC9mJ5z0GgkPsw1n7cQq1J4o1yHk0yq5l8tUo/)
    await t.pressUntil('y', () => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'reply', prompt: 'p2', value: 'yes' }])
  })
})
