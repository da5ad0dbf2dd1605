import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { sshBanner } from './banner.ts'
import { listFaults } from './faults.ts'
import { labUsers } from './hosts.ts'
import { labSuite } from './needs.ts'
import { run, until } from './sh.ts'
import type { Lab, LabHost } from './types.ts'

const login = `curl -s -o /tmp/login -w '%{http_code}' -X POST -H 'Content-Type: application/json' \
  -d '{"username":"ana","password":"practice"}' http://127.0.0.1:3002/auth/login`
const items = `${login} && curl -s -o /dev/null -w ' %{http_code}' http://127.0.0.1:4100/api/items \
  -H "Authorization: Bearer $(sed 's/.*access_token":"\\([^"]*\\)".*/\\1/' /tmp/login)"`
const site = (name: string) =>
  `curl -s -o /dev/null -w '%{http_code}' -H 'Host: ${name}.example.net' http://127.0.0.1/`

/** What shows each fault: a command, what it prints when all is well, and what it prints with the fault. */
const symptoms: Record<string, { look: string; healthy: string; broken: string }> = {
  'core-cwd': { look: login, healthy: '200', broken: '500' },
  'dmapi-audience': { look: items, healthy: '200 200', broken: '200 401' },
  'caddy-drift': { look: site('ops'), healthy: '308', broken: '200' },
  'caddy-bad-source': {
    look: 'HOME=/tmp caddy validate --adapter caddyfile --config /srv/proxy/caddy/Caddyfile 2> /dev/null; echo $?',
    healthy: 'Valid configuration\n0',
    broken: '1',
  },
  'caddy-reload-fails': { look: 'timeout 10 systemctl reload caddy; echo $?', healthy: '0', broken: '1' },
  'caddy-reload-hangs': { look: 'timeout 1 systemctl reload caddy; echo $?', healthy: '0', broken: '124' },
  'nginx-bad-config': { look: 'nginx -t 2> /dev/null; echo $?', healthy: '0', broken: '1' },
  'nginx-stale': {
    look: `[ /etc/nginx/sites-available/status -nt /run/nginx.pid ] && echo newer || echo older`,
    healthy: 'older',
    broken: 'newer',
  },
}

labSuite(
  'the lab over SSH',
  (lab) => {
    it.each(Object.keys(lab.hosts))('reaches %s with the key it wrote to known_hosts', async (name) => {
      const result = await ssh(lab.hosts[name]!, 'echo "$USER on $(uname -s)"')
      expect(result).toEqual({ exitCode: 0, stdout: `${lab.hosts[name]!.user} on Linux\n`, stderr: '' })
    })

    it('names its hosts in a sitrep.yaml', () => {
      const text = readFileSync(lab.inventory, 'utf8')
      for (const host of Object.values(lab.hosts)) expect(text).toContain(`address: ${host.address}`)
    })
  },
  { kind: 'any', fresh: false },
)

labSuite('the lab of whole hosts', (lab) => {
  it('has users with sudo, with a password, and without', async () => {
    const sudo = (user: string) => ssh({ ...lab.hosts['core-1']!, user }, 'sudo -n true')
    expect((await sudo('deploy')).exitCode).toBe(0)
    expect((await sudo('ops')).stderr).toContain('a password is required')
    expect((await sudo('plain')).exitCode).toBe(1)
    const asked = await ssh(
      { ...lab.hosts['core-1']!, user: 'ops' },
      'sudo -S -p "" id -u',
      `${labUsers.ops.password}\n`,
    )
    expect(asked.stdout).toBe('0\n')
  })

  it('gives the same snapshot after a reset', async () => {
    const before = await lab.snapshot('core-1')
    expect(before).toContain('node /opt/core/backend/src/server.js')
    expect(before).toContain('tcp 127.0.0.1:3002 node')
    await lab.reset('core-1')
    expect(await lab.snapshot('core-1')).toBe(before)
  })

  it('reboots for real', async () => {
    const bootId = async () => (await lab.exec('edge-1', ['cat', '/proc/sys/kernel/random/boot_id'])).stdout
    const before = await bootId()
    await lab.exec('edge-1', 'echo kept > /srv/kept')
    await lab.reboot('edge-1')
    expect(await bootId()).not.toBe(before)
    expect((await lab.exec('edge-1', 'cat /srv/kept && rm /srv/kept')).stdout).toBe('kept\n')
  })

  it('drops packets in silence while the link is down', async () => {
    const host = lab.hosts['edge-1']!
    const answers = () => sshBanner(host.address, host.port)
    expect(await answers()).toBe(true)
    await lab.link('edge-1', 'down')
    expect(await answers()).toBe(false)
    await lab.link('edge-1', 'up')
    expect(await until('banner', async () => (await answers()) || undefined, 5000)).toBe(true)
  })

  it('has a symptom for every fault', () => {
    expect(listFaults().map((fault) => fault.name)).toEqual(Object.keys(symptoms).toSorted())
  })

  it.each(listFaults())('shows $name on $host, and restore and reset remove it', async ({ name, host }) => {
    const { look, healthy, broken } = symptoms[name]!
    const before = await lab.snapshot(host)
    expect(await seen(lab, host, look)).toBe(healthy)
    await lab.break(name)
    expect(await seen(lab, host, look)).toBe(broken)
    await lab.restore(host)
    expect(await seen(lab, host, look)).toBe(healthy)
    expect(await lab.snapshot(host)).toBe(before)
    await lab.break(name)
    await lab.reset(host)
    expect(await seen(lab, host, look)).toBe(healthy)
  })
})

async function seen(lab: Lab, host: string, look: string): Promise<string> {
  return (await lab.exec(host, look)).stdout.trim()
}

function ssh(host: LabHost, command: string, input?: string) {
  const options = ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${host.knownHosts}`, 'BatchMode=yes']
  const flags = options.flatMap((option) => ['-o', option])
  const target = ['-p', String(host.port), '-l', host.user, '--', host.address, command]
  const argv = ['ssh', '-F', 'none', '-q', '-i', host.identityFile, ...flags, ...target]
  return run(argv, { timeoutMs: 10_000, ...(input === undefined ? {} : { input }) })
}
