import { type HostTest, testHosts } from '../compose/hosts.ts'
import { sinks } from '../compose/incident.ts'
import { completeHosts, openInventory, pickHosts } from '../compose/inventory.ts'
import { exitCodeOf, SitrepError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import { asking, interruptible } from './asking.ts'
import { inkFor, out, say } from './output.ts'
import { hostJson } from './print/hostJson.ts'
import { hostLine, settingLines } from './print/hosts.ts'
import { testLines } from './print/hostTest.ts'
import { unlessAsking } from './terminal.ts'

/** Shows hosts, and tries them where asked; the exit code is 3 where one can't be used. */
export async function showHosts(
  names: readonly string[],
  o: { test?: boolean; json?: boolean; inventory?: string },
): Promise<void> {
  const inventory = await openInventory(o.inventory)
  const picked = names.length === 0 ? inventory.hosts : pickHosts(inventory, names, { adHoc: true })
  if (picked.length === 0) say('no hosts; write a sitrep.yaml (docs/inventory.md)')
  const hosts = await completeHosts(picked)
  const { secrets, pipe } = sinks()
  const ink = inkFor(process.stdout)
  const lines = (text: readonly string[]) => text.forEach((line) => void out(line))
  if (o.test !== true) {
    const shown = pipe.deep(hosts)
    if (o.json === true) out(JSON.stringify(shown.map((host) => hostJson(host))))
    else for (const host of shown) lines([hostLine(host, ink), ...settingLines(host, ink)])
    return
  }
  const signal = interruptible()
  const onTest = inOrder(hosts, (test) => {
    if (o.json !== true) unlessAsking(() => lines(testLines(pipe.deep(test), ink)))
  })
  const tests = await testHosts(hosts, { secrets, ...asking(), signal, onTest })
  if (signal.aborted) throw new SitrepError('interrupted', 'stopped before every host was tried')
  if (o.json === true) out(JSON.stringify(pipe.deep(tests.map((test) => hostJson(test.host, test)))))
  const failed = tests.filter(({ ok }) => !ok).length
  if (failed === 0) return
  process.exitCode = exitCodeOf.unreachable
  if (tests.length > 1) say(`${failed} of ${tests.length} hosts can not be used as they are`)
}

/** On a terminal each host is shown as soon as it is known; elsewhere in the order asked for, each once those before it are. */
function inOrder(hosts: readonly Host[], show: (test: HostTest) => void): (test: HostTest) => void {
  if (process.stdout.isTTY) return show
  const known = new Map<string, HostTest>()
  let next = 0
  return (test) => {
    known.set(test.host.name, test)
    for (let host = hosts[next]; host !== undefined; host = hosts[++next]) {
      const ready = known.get(host.name)
      if (ready === undefined) return
      show(ready)
    }
  }
}
