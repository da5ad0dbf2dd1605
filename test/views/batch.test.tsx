import { describe, expect, it } from 'vitest'
import { terminal } from '../helpers/terminal.ts'
import { fakeConsole } from './fakeConsole.ts'
import { expectFits } from './frame.ts'
import { scenes } from './scenes.ts'

describe('hosts that run side by side', () => {
  it('stand in the footer together, with what each does', async () => {
    await using t = terminal(fakeConsole(scenes.batch))
    const screen = await t.see(/restart on 3 hosts: verifying \(2 hosts\), save the.*for 0:00:41/)
    expectFits(screen, 80, 24)
  })

  it('are one question that says for how many hosts enter counts, and none of them is at work', async () => {
    await using t = terminal(fakeConsole(scenes.batchAsked))
    const screen = await t.see(/enter approves this, on these 3 hosts, once each/)
    expect(screen).toMatch(/where 3 hosts, the same on each/)
    expect(screen).toContain('web-2, web-3, web-4')
    expect(screen).not.toMatch(/waiting for approval|, for 0:/)
    expectFits(screen, 80, 24)
  })

  it('go on while one of them is asked for again, and the footer says which', async () => {
    await using t = terminal(fakeConsole(scenes.batchAskedAgain))
    const screen = await t.see(/enter approves this, on web-2, once/)
    expect(screen).toMatch(/restart on 2 hosts: verifying, for 0:00:41/)
  })

  it('are all named before they are cancelled', async () => {
    await using t = terminal(fakeConsole(scenes.batch))
    await t.see(/at work|3 hosts/)
    t.press('x')
    const screen = await t.see(/CANCEL what runs/)
    expect(screen).toContain('restart on web-2, web-4: verifying')
    expect(screen).toContain('restart on web-3: save the process list')
  })

  it('are all named on leaving, also while a question waits', async () => {
    const console = fakeConsole(scenes.batchAskedAgain)
    await using t = terminal(console)
    await t.see(/enter approves this/)
    t.press('ctrl-c')
    const asked = await t.see(/Leave sitrep/)
    expect(asked).toMatch(/waits for approval on web-2\./)
    expect(asked).toMatch(/goes on[\s\S]*restart on web-3, web-4: verifying/)
    expect(asked).not.toContain('nothing runs now')
    console.set(() => scenes.batchAsked)
    const waits = await t.see(/nothing runs\s+now/)
    expect(waits).toMatch(/waits for approval on web-2,\s+web-3,\s+web-4;/)
  })

  it('a remark on a key that was off does not stay under the question that comes', async () => {
    const connecting = {
      ...scenes.batch,
      room: {
        ...scenes.batch.room,
        run: { ...scenes.batch.room!.run!, phase: 'connecting' as const, atWork: {} },
      },
    }
    const console = fakeConsole(connecting as typeof scenes.batch)
    await using t = terminal(console)
    await t.see(/connecting/)
    t.press('enter')
    await t.see(/enter \(.*\): it connects to the hosts/)
    console.set(() => scenes.batchAsked)
    expect(await t.see(/enter approves this/)).not.toContain('it connects to the hosts')
  })
})
