import type { EventData, EventType } from '../../src/model/event.ts'

const sha = (digit: string) => digit.repeat(64)

type Told = { [T in EventType]: [number, T, EventData<T>] }[EventType]

/** An outage as in report 004, as the runner records it: seconds after 22:16:00 UTC, type, data. */
export function story004(): Told[] {
  const run = 'run-1'
  const restart = { run, step: 'restart', host: 'core-1' }
  const env = { run, step: 'env', host: 'core-1' }
  const login = { run, step: 'login', host: 'core-1' }
  const check = (
    phase: 'before' | 'after',
    id: string,
    title: string,
    expected: string,
    observed: string,
  ) => ({
    run,
    check: id,
    title,
    host: 'core-1',
    kind: 'http',
    phase,
    verdict: expected === observed ? ('ok' as const) : ('failed' as const),
    expected,
    observed,
    ms: 12,
    evidence: `HTTP/1.1 ${observed}\ncontent-type: application/json`,
  })
  const undo = [{ say: 'start the former core-backend again', run: { argv: ['pm2', 'start'] } }]
  const started = (change: number, say: string, command: string) => ({
    ...restart,
    change,
    of: 2,
    say,
    command,
    undo,
    undoHash: sha('a'),
  })
  const applied = (id: string, stdout: string) => ({
    ...restart,
    started: id,
    endedBy: 'exit',
    exitCode: 0,
    ms: 1240,
    stdout,
    stderr: '',
  })
  return [
    [
      0,
      'incident.declared',
      { incident: '2026-11-20-core-login-500', title: 'Core login answers 500', severity: 'sev2' },
    ],
    [1, 'milestone.set', { milestone: 'impact_started', at: '2026-11-20T22:10:00.000Z' }],
    [2, 'host.connected', { host: 'core-1', address: '10.0.4.11', user: 'deploy', transport: 'ssh2' }],
    [
      3,
      'runbook.opened',
      {
        run,
        runbook: 'core-pm2',
        title: 'Restart Core under PM2 with its working directory and environment',
        file: 'runbooks/core-pm2.yaml',
        sha256: sha('b'),
        hosts: ['core-1'],
        params: { token: '‹secret:CORE_TOKEN›' },
        steps: [
          { id: 'env', title: 'The .env file holds what Core needs', uses: 'env.require' },
          { id: 'restart', title: 'Restart Core', uses: 'pm2.restart' },
          { id: 'login', title: 'Log in through the UI and stay logged in', uses: 'manual' },
        ],
      },
    ],
    [
      4,
      'step.planned',
      {
        ...env,
        title: 'The .env file holds what Core needs',
        uses: 'env.require',
        outcome: 'in_sync',
        because: '/opt/core/backend/.env holds DB_HOST, JWT_PRIVATE_KEY_FILE',
        changes: [],
        plan: sha('c'),
      },
    ],
    [
      5,
      'step.planned',
      {
        ...restart,
        title: 'Restart Core',
        uses: 'pm2.restart',
        outcome: 'would_change',
        because: 'cwd /root → /opt/core/backend; missing NODE_ENV, PORT, BIND_ADDR',
        evidence: ['process 0 of core-backend really runs in /root'],
        changes: [
          {
            do: {
              say: 'save the former definition',
              run: { argv: ['pm2', 'x'] },
              diff: {
                path: 'pm2:core-backend',
                from: sha('1'),
                to: sha('2'),
                unified: '--- found\n+++ wanted\n-cwd: /root\n+cwd: /opt/core/backend\n',
              },
            },
            undo,
          },
          { do: { say: 'delete and start core-backend' }, undo },
        ],
        plan: sha('d'),
      },
    ],
    [
      6,
      'step.planned',
      {
        ...login,
        title: 'Log in through the UI and stay logged in',
        uses: 'manual',
        outcome: 'would_change',
        because: 'a person has to look',
        changes: [{ do: { say: 'ask' }, undo: [] }],
        plan: sha('e'),
      },
    ],
    [7, 'check.observed', check('before', 'health', 'Core answers on loopback', '200', '200')],
    [8, 'check.observed', check('before', 'login', 'Login answers', '200', '500')],
    [
      9,
      'log.pinned',
      {
        host: 'core-1',
        source: 'pm2:core-backend',
        at: '2026-11-20T22:15:58.000Z',
        lines: ['Login error: Error: secretOrPrivateKey must be an asymmetric key when using RS256'],
      },
    ],
    [
      60,
      'note.added',
      { text: 'Cleaned the CORS block', at: '2026-11-20T22:12:00.000Z', until: '2026-11-20T22:14:00.000Z' },
    ],
    [61, 'step.approved', { ...restart, plan: sha('d'), how: 'enter' }],
    [62, 'step.started', started(0, 'save the former definition', 'pm2 jlist > former.json')],
    [63, 'step.applied', applied('EVENT 12', '')],
    [64, 'step.started', started(1, 'delete and start core-backend', 'pm2 start former.json')],
    [65, 'step.applied', applied('EVENT 14', '[PM2] Done.')],
    [
      70,
      'step.verified',
      { ...restart, verdict: 'ok', reason: 'online for 5 s, port 3002 listens', ms: 5200 },
    ],
    [71, 'step.answered', { ...login, answer: 'no terminal: a person has to look' }],
    [72, 'check.observed', check('after', 'health', 'Core answers on loopback', '200', '200')],
    [73, 'check.observed', check('after', 'login', 'Login answers', '200', '200')],
    [74, 'status.changed', { to: 'resolved' }],
    [75, 'milestone.set', { milestone: 'mitigated', at: '2026-11-20T22:17:10.000Z' }],
    [76, 'followup.added', { text: 'Set CORE_APP_ID on DMAPI', owner: 'ana' }],
    [
      77,
      'command.ran',
      {
        host: 'core-1',
        command: 'ss -ltn',
        endedBy: 'exit',
        exitCode: 0,
        ms: 30,
        stdout: 'LISTEN 127.0.0.1:3002',
        stderr: '',
      },
    ],
    [
      78,
      'run.finished',
      { run, incident: '2026-11-20-core-login-500', exit: 0, summary: '1 changed, 1 in sync' },
    ],
  ]
}

/** When the story begins. */
export const storyStart = Date.parse('2026-11-20T22:16:00.000Z')
