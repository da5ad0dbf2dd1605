// Ten shell steps as whole processes: `sitrep run --yes` with its journal, jobs and host keys, against a bash script that runs
// the same ten commands with ssh over one control socket. Both log in to a real sshd on loopback, runs alternate, and the
// ratio is that of the medians. `--trace` says where the time of a last run goes.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { privateSshd } from '../../test/lab/privateSshd.ts'

const runs = Number(process.env.SITREP_BENCH_RUNS ?? 21)
const bin = join(import.meta.dirname, '..', '..', 'bin', 'sitrep')
const home = mkdtempSync(join(tmpdir(), 'sitrep-steps-'))
// A bash that sshd starts reads ~/.bashrc unless it thinks that it is not the first: this machine's may be slow.
const sshd = await privateSshd({ config: [`SetEnv XDG_STATE_HOME=${join(home, 'host')} SHLVL=2`] })
const commands = Array.from({ length: 10 }, (_, at) => `echo step ${at + 1}`)

writeFileSync(
  join(home, 'sitrep.yaml'),
  `hosts:
  box:
    address: ${sshd.address}
    port: ${sshd.port}
    user: ${sshd.user}
    transport: ssh2
    identity_file: ${sshd.identityFile}
    known_hosts: ${sshd.knownHosts}
`,
)
writeFileSync(
  join(home, 'ten.yaml'),
  [
    'runbook: ten',
    'title: Ten steps',
    'hosts: [box]',
    'steps:',
    ...commands.map(
      (run, at) => `  - { id: s${at + 1}, title: Step ${at + 1}, uses: shell, with: { run: ${run} } }`,
    ),
  ].join('\n'),
)
const script = join(home, 'ten.sh')
writeFileSync(
  script,
  `#!/bin/bash
set -e
ctl=$(mktemp -d)/s
o=(-F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=${sshd.knownHosts} -o IdentitiesOnly=yes
  -o ControlPath=$ctl -i ${sshd.identityFile} -p ${sshd.port})
ssh "\${o[@]}" -M -N -f ${sshd.user}@${sshd.address}
${commands.map((run) => `ssh "\${o[@]}" ${sshd.user}@${sshd.address} -- '${run}'`).join('\n')}
ssh "\${o[@]}" -q -O exit ${sshd.user}@${sshd.address}
rm -rf \${ctl%/s}
`,
)
chmodSync(script, 0o755)

const env = { SITREP_HOME: join(home, 'state'), XDG_CONFIG_HOME: home }
const args = ['run', join(home, 'ten.yaml'), '--inventory', join(home, 'sitrep.yaml'), '--yes']
const sitrep = () =>
  execa(process.execPath, [bin, ...args], { cwd: home, env, stdin: 'ignore', reject: true })
const bash = () => execa('bash', [script], { cwd: home, stdin: 'ignore', reject: true })
const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const started = performance.now()
  await run()
  return performance.now() - started
}
const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
const show = (ms: number) => `${Math.round(ms)} ms`.padStart(8)

try {
  // The first runs fill the compile cache and are not counted.
  await sitrep()
  await bash()
  const times: { sitrep: number[]; bash: number[]; node: number[] } = { sitrep: [], bash: [], node: [] }
  for (let run = 0; run < runs; run++) {
    times.sitrep.push(await timed(sitrep))
    times.bash.push(await timed(bash))
    times.node.push(await timed(() => execa(process.execPath, ['-e', '0'])))
  }
  const [ours, theirs] = [median(times.sitrep), median(times.bash)]
  console.log(
    `${show(ours)}  sitrep run, ten shell steps (${show(times.sitrep[0] ?? 0)} to ${show(times.sitrep.at(-1) ?? 0)})`,
  )
  console.log(
    `${show(theirs)}  bash, ten ssh over a control socket (${show(times.bash[0] ?? 0)} to ${show(times.bash.at(-1) ?? 0)})`,
  )
  console.log(`${show(median(times.node))}  node -e 0`)
  console.log(`   ${(ours / theirs).toFixed(2)} ×  the ratio of the medians, ${runs} runs each, in turn`)
  if (process.argv.includes('--trace')) await trace()
} finally {
  await sshd.stop()
  rmSync(home, { recursive: true, force: true })
}

/** When each event of one run was written, in milliseconds since the process began. */
async function trace(): Promise<void> {
  const began = Date.now()
  const { stdout } = await execa(process.execPath, [bin, ...args, '--json'], {
    cwd: home,
    env,
    stdin: 'ignore',
  })
  for (const line of stdout.split('\n')) {
    const { at, type, data } = JSON.parse(line) as { at?: string; type?: string; data?: { step?: string } }
    if (at === undefined) continue
    console.log(`${show(Date.parse(at) - began)}  ${type ?? ''} ${data?.step ?? ''}`)
  }
  console.log(`${show(Date.now() - began)}  the process has ended`)
}
