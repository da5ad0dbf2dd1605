import type { HostTest } from '../../compose/hosts.ts'
import type { Ink } from '../output.ts'
import { hostLine, short } from './hosts.ts'
import { prose } from './prose.ts'

/** How one test came out: the host's line, what was found, what is wrong and what to do next. */
export function testLines(test: HostTest, ink: Ink): string[] {
  const { host, problem } = test
  const bad = (line: string) => ink('bad', line)
  const warn = (line: string) => ink('warn', line)
  return [
    hostLine(host, ink),
    ...(host.because === undefined ? [] : prose(`by the system's ssh: ${host.because}`)),
    ...(host.notes ?? []).flatMap((note) => prose(note, warn)),
    ...(test.ms === undefined ? [] : reached(test, ink)),
    ...test.missing.flatMap(({ tool, without, needed }) =>
      prose(`no ${tool}: ${without}`, needed ? bad : warn),
    ),
    ...(problem === undefined
      ? []
      : [
          ...prose(problem.phase === undefined ? problem.reason : `${problem.phase}: ${problem.reason}`, bad),
          ...prose(problem.next),
        ]),
  ]
}

function reached({ ms, authentication, sudo, fingerprint }: HostTest, ink: Ink): string[] {
  const way = [
    ...(authentication === undefined ? [] : [`let in by ${short(authentication)}`]),
    ...(sudo === undefined ? [] : [`sudo ${sudo}`]),
  ]
  return [
    `  ${ink('good', 'reached')} in ${ms} ms`,
    ...(way.length === 0 ? [] : prose(way.join('; '))),
    ...(fingerprint === undefined ? [] : [`  host key ${fingerprint}, accepted`]),
  ]
}
