import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { approves, expectSane, journal, sit, until, yourTurn } from './helpers/console.ts'
import { desk } from './helpers/sitrep.ts'

/** Processes, without those that ended and wait for their parent, whose command line holds `text`. */
function processesWith(text: string): string[] {
  return execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(text) && !/^\s*\d+\s+Z/.test(line))
}

describe('sitrep demo in a terminal', () => {
  it('opens on the declared incident with the runbook chosen and the symptom in the log, and leaves nothing', async () => {
    using at = desk()
    await using person = await sit(at, ['demo'])
    const { t } = person
    const room = await t.see(/practice-outage on core-1, edge-1 ready/, 30_000)
    expectSane(room, 80, 24)
    expect(room).toMatch(/^ SEV2 +Practice: logins/)
    expect(room).toMatch(/± would change +restart/)
    const folder =
      /\/[^\s"`]*\/sitrep-[A-Za-z0-9]{6}(?=\/)/.exec(JSON.stringify(journal(at)) + room)?.[0] ?? ''
    expect(folder).not.toBe('')
    expect(processesWith(folder)).not.toEqual([])
    await t.press('3')
    expect(await t.see(/Login error: Error: secretOrPrivateKey/)).toMatch(/^◆/m)

    await t.press('1', 'Enter')
    await t.see(/APPROVE Checks with effects/)
    for (const next of [/Restart Core/, /Bring the proxy/]) {
      await t.see(approves)
      await t.press('Enter')
      await t.see(new RegExp(`APPROVE .*${next.source}`), 20_000)
    }
    await t.see(approves)
    await t.press('Enter')
    await t.see(yourTurn, 20_000)
    await t.press('y')
    await t.see(/all steps are done and all checks pass/, 20_000)
    expect(await person.leave()).toMatch(/postmortem: \/.*\/postmortem\.md\nincident .*\n$/)
    expect(at.postmortem()).toMatch(
      /A login gets a token \| core-1 \| 200 \| \*\*500\*\* \(failed\) \| 200 \|/,
    )
    await until(() => processesWith(folder).length === 0)
  })

  it('left by ctrl-c while a question waits, it leaves nothing either', async () => {
    using at = desk()
    await using person = await sit(at, ['demo'])
    const { t } = person
    const room = await t.see(/practice-outage on core-1, edge-1 ready/, 30_000)
    const folder =
      /\/[^\s"`]*\/sitrep-[A-Za-z0-9]{6}(?=\/)/.exec(JSON.stringify(journal(at)) + room)?.[0] ?? ''
    await t.press('Enter')
    await t.see(/APPROVE Checks with effects/)
    await t.see(approves)
    await person.leave()
    await until(() => processesWith(folder).length === 0)
  })
})
