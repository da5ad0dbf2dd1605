import type { ConsoleState, LogView, Room, StepView } from '../../src/console.types.ts'
import type { PlannedChange } from '../../src/model/action.ts'
import type { CheckState, Incident, StepState, TimelineRow } from '../../src/model/incident.ts'
import type { ApprovalRequest, StepPlan } from '../../src/run/types.ts'

/** 2026-11-20 03:12:09 UTC: the time that stands still in the scenes. */
const now = Date.parse('2026-11-20T03:12:09.000Z')

const sha = (digit: string) => digit.repeat(64)

const unified = `--- a/core-backend
+++ b/core-backend
@@ -1,6 +1,9 @@
 name: core-backend
-cwd: /root
+cwd: /opt/core/backend
 script: /opt/core/backend/src/server.js
-env: {}
+env:
+  BIND_ADDR: 127.0.0.1
+  NODE_ENV: production
+  PORT: "3002"
 exec_mode: fork
`

const restartChanges: PlannedChange[] = [
  {
    do: {
      say: 'save the present definition of core-backend',
      run: {
        argv: ['sh', '-c', 'umask 077; pm2 prettylist > "$HOME/.local/state/sitrep/undo/core-backend.json"'],
        as: 'deploy',
      },
    },
    undo: [],
  },
  {
    do: {
      say: 'delete core-backend and start it anew with its folder and environment',
      diff: { path: 'pm2:core-backend', from: sha('3'), to: sha('7'), unified },
      run: {
        argv: ['sh', '-c', 'pm2 delete core-backend && pm2 start -'],
        cwd: '/opt/core/backend',
        env: { NODE_ENV: 'production', PORT: '3002', BIND_ADDR: '127.0.0.1' },
        secrets: { CORE_TOKEN: { secret: 'token' } },
        as: 'deploy',
      },
    },
    undo: [
      {
        say: 'start the former definition of core-backend from its 0600 file',
        run: { argv: ['pm2', 'start', 'core-backend.json'] },
      },
    ],
  },
  {
    do: { say: 'save the process list', run: { argv: ['pm2', 'save'] } },
    undo: [{ say: 'save the process list again', run: { argv: ['pm2', 'save'] } }],
  },
]

const plan = (step: string, over: Partial<StepPlan> = {}): StepPlan => ({
  run: 'run-1',
  step,
  host: 'core-1',
  title: step,
  uses: 'shell',
  outcome: 'in_sync',
  because: 'nothing to do',
  plan: { outcome: 'in_sync', because: 'nothing to do', changes: [] },
  hash: sha('a'),
  risk: 'change',
  ...over,
})

const restartPlan = plan('restart', {
  title: 'Restart Core under PM2',
  uses: 'pm2.restart',
  outcome: 'would_change',
  because: 'cwd is /root and not /opt/core/backend; NODE_ENV, PORT and BIND_ADDR are missing',
  plan: {
    outcome: 'would_change',
    because: 'cwd is /root and not /opt/core/backend; NODE_ENV, PORT and BIND_ADDR are missing',
    changes: restartChanges,
    evidence: ['pid 4211, online for 41 min, 0 restarts, listens on 3002'],
  },
  risk: 'interrupt',
})

const envPlan = plan('env', {
  title: 'The .env file holds what Core needs',
  uses: 'env.require',
  because: 'DB_HOST and JWT_PRIVATE_KEY_FILE are set in /opt/core/backend/.env',
  risk: 'observe',
})

const loginPlan = plan('login', {
  title: 'Log in through the UI and stay logged in',
  uses: 'manual',
  outcome: 'after_step:restart',
  because: 'a person has to look',
})

const steps: StepView[] = [
  {
    id: 'env',
    title: 'The .env file holds what Core needs',
    uses: 'env.require',
    hosts: ['core-1'],
    plans: { 'core-1': envPlan },
  },
  {
    id: 'restart',
    title: 'Restart Core under PM2',
    uses: 'pm2.restart',
    hosts: ['core-1'],
    plans: { 'core-1': restartPlan },
  },
  {
    id: 'login',
    title: 'Log in through the UI and stay logged in',
    uses: 'manual',
    hosts: ['core-1'],
    plans: { 'core-1': loginPlan },
  },
]

const timeline: TimelineRow[] = [
  {
    event: 'e1',
    at: '2026-11-20T02:31:00.000Z',
    by: 'ana@laptop',
    kind: 'incident',
    text: 'Declared sev2: Core login answers 500',
  },
  {
    event: 'e2',
    at: '2026-11-20T02:33:10.120Z',
    by: 'ana@laptop',
    kind: 'host',
    text: 'Connected to core-1 as deploy',
    host: 'core-1',
    evidence: 'SHA256:n2Jx…',
  },
  {
    event: 'e3',
    at: '2026-11-20T02:33:12.000Z',
    by: 'ana@laptop',
    kind: 'run',
    text: 'Opened core-pm2 on core-1',
  },
  {
    event: 'e4',
    at: '2026-11-20T02:33:13.400Z',
    by: 'ana@laptop',
    kind: 'check',
    text: 'Log in with the practice user: 500, wanted 200',
    host: 'core-1',
    bad: true,
    evidence: 'evidence 1',
  },
  {
    event: 'e5',
    at: '2026-11-20T02:32:00.000Z',
    until: '2026-11-20T02:41:00.000Z',
    by: 'ana@laptop',
    kind: 'note',
    text: 'Cleaned the CORS block and validated the preflight',
  },
]

const check = (
  id: string,
  title: string,
  look: Partial<Record<'before' | 'after' | 'last', [CheckState['history'][0]['verdict'], string, string]>>,
): CheckState => {
  const of = (phase: 'before' | 'after' | 'last') => {
    const given = look[phase]
    if (!given) return {}
    const [verdict, expected, observed] = given
    return {
      [phase]: {
        check: id,
        title,
        host: 'core-1',
        kind: 'http',
        phase: phase === 'last' ? 'watch' : phase,
        verdict,
        expected,
        observed,
        ms: 12,
        at: '2026-11-20T02:33:13.000Z',
        evidence:
          'HTTP/1.1 500 Internal Server Error\n{"error":"secretOrPrivateKey must be an asymmetric key"}',
      },
    }
  }
  return {
    check: id,
    title,
    host: 'core-1',
    kind: 'http',
    ...of('before'),
    ...of('after'),
    ...of('last'),
    history: [],
  } as CheckState
}

const checksBefore: Record<string, CheckState> = {
  'health core-1': check('health', 'Core answers on loopback', {
    before: ['ok', '200', '200'],
    last: ['ok', '200', '200'],
  }),
  'login core-1': check('login', 'Log in with the practice user', {
    before: ['failed', '200', '500'],
    last: ['failed', '200', '500'],
  }),
}

const incident: Incident = {
  id: '2026-11-20-core-login-500',
  title: 'Core login answers 500',
  severity: 'sev2',
  status: 'investigating',
  declaredAt: '2026-11-20T02:31:00.000Z',
  updatedAt: '2026-11-20T02:41:00.000Z',
  milestones: { impact_started: { at: '2026-11-20T02:31:00.000Z', event: 'e1' } },
  timeline,
  runs: {},
  steps: {},
  checks: {},
  hosts: { 'core-1': { state: 'connected', detail: '' } },
  secrets: {},
  responders: ['ana@laptop'],
  roles: {},
  followups: [],
  commands: [],
  pins: [],
  exports: [],
  artifacts: {},
  clocks: {},
  logs: {},
  writers: {},
  recording: {},
  unknown: {},
  events: timeline.length,
}

/** A log of `count` lines, the RS256 symptom among them. */
export function log(count = 40): LogView {
  const texts = [
    'POST /auth/login 500 18 ms',
    'Login error: Error: secretOrPrivateKey must be an asymmetric key when using RS256',
    'GET /health 200 1 ms',
    'GET /auth/jwks 200 2 ms',
  ]
  return {
    source: { key: 'core-1 pm2:core-backend', host: 'core-1', kind: 'pm2', name: 'core-backend' },
    lines: Array.from({ length: count }, (_, index) => ({
      seq: index + 1,
      at: new Date(now - (count - index) * 1000).toISOString(),
      text: `${texts[index % texts.length]} (${index + 1})`,
      stream: index % texts.length === 1 ? ('stderr' as const) : ('stdout' as const),
    })),
    total: count,
    state: 'following',
  }
}

const home: ConsoleState['home'] = {
  incidents: [
    {
      id: '2026-11-20-core-login-500',
      title: 'Core login answers 500',
      severity: 'sev2',
      status: 'investigating',
      started: '2026-11-20T02:31:00.000Z',
      updated: '2026-11-20T02:41:00.000Z',
    },
    {
      id: '2026-11-18-caddy',
      title: 'ops.example.org is not routed',
      severity: 'sev3',
      status: 'resolved',
      started: '2026-11-18T09:36:26.000Z',
      updated: '2026-11-18T11:00:00.000Z',
    },
  ],
  runbooks: [
    {
      name: 'core-pm2',
      title: 'Restart Core under PM2 with its working directory and environment',
      file: 'runbooks/core-pm2.yaml',
      symptoms: ['secretOrPrivateKey must be an asymmetric key when using RS256'],
      steps: [
        'The .env file holds what Core needs',
        'Restart Core under PM2',
        'Log in through the UI and stay logged in',
      ],
      trusted: true,
    },
    {
      name: 'dmapi-pm2',
      title: 'Start DMAPI on its port with the audience that Core signs',
      file: 'runbooks/dmapi-pm2.yaml',
      symptoms: ['audience invalid'],
      steps: ['The .env file names the audience', 'Restart DMAPI'],
      trusted: true,
    },
    {
      name: 'caddy-sync',
      title: "Bring the project's Caddyfile into effect",
      file: 'runbooks/caddy-sync.yaml',
      symptoms: ['default 404'],
      steps: ['Copy and reload'],
      trusted: true,
    },
    {
      name: 'nginx-reload',
      title: 'Test the configuration of nginx and reload it',
      file: 'runbooks/nginx-reload.yaml',
      symptoms: ['502 Bad Gateway'],
      steps: ['Reload nginx'],
      trusted: true,
    },
    {
      name: 'found',
      title: 'A runbook that lay in a folder',
      file: './x/found.yaml',
      symptoms: [],
      steps: ['Remove all'],
      trusted: false,
    },
  ],
  hosts: [
    {
      name: 'core-1',
      address: '10.0.4.11',
      groups: ['core'],
      production: true,
      state: { is: 'ready', since: '2026-11-20T02:33:10.000Z' },
    },
    {
      name: 'edge-1',
      address: 'edge-1.example.org',
      groups: ['edge'],
      production: true,
      state: { is: 'lost', since: '2026-11-20T03:01:00.000Z', reason: 'no answer for 30 s' },
    },
    { name: 'here', address: 'localhost', groups: [], production: false, state: { is: 'idle' } },
  ],
  problems: [],
}

const atHome: ConsoleState = {
  home,
  room: undefined,
  prompt: undefined,
  recording: {},
  message: undefined,
  now,
  operator: 'ana@laptop',
}

const baseRoom: Room = {
  incident: { ...incident, checks: checksBefore },
  run: {
    id: 'run-1',
    runbook: 'core-pm2',
    title: 'Restart Core under PM2',
    file: 'runbooks/core-pm2.yaml',
    hosts: ['core-1'],
    steps,
    checks: [
      { id: 'health', title: 'Core answers on loopback', kind: 'http', effect: 'observe', hosts: ['core-1'] },
      {
        id: 'login',
        title: 'Log in with the practice user',
        kind: 'http',
        effect: 'probe',
        hosts: ['core-1'],
      },
      {
        id: 'preflight',
        title: 'CORS preflight from media.example.org',
        kind: 'http',
        effect: 'observe',
        hosts: ['core-1'],
      },
    ],
    phase: 'ready',
    atWork: {},
  },
  logs: { 'core-1 pm2:core-backend': log() },
  hosts: { 'core-1': { is: 'ready', since: '2026-11-20T02:33:10.000Z' } },
}

const inRoom = (room: Room, over: Partial<ConsoleState> = {}): ConsoleState => ({ ...atHome, room, ...over })

export const approvalRequest: ApprovalRequest = { id: 'a1', plan: restartPlan, confirm: 'ask' }

const done = (step: string, over: Partial<StepState> = {}): StepState => ({
  run: 'run-1',
  step,
  host: 'core-1',
  title: step,
  uses: 'shell',
  state: 'in_sync',
  changes: [],
  ...over,
})

const envDone = {
  'run-1 env core-1': done('env', { state: 'in_sync', reason: 'DB_HOST and JWT_PRIVATE_KEY_FILE are set' }),
}

const running = (room: Room, step: string, doing: string): Room => ({
  ...room,
  incident: { ...room.incident, steps: { ...envDone, ...room.incident.steps } },
  run: {
    ...room.run!,
    phase: 'running',
    atWork: {
      'core-1': {
        step,
        host: 'core-1',
        since: new Date(now - 12_000).toISOString(),
        doing,
        ...(doing.startsWith('waiting for') ? { waits: true as const } : {}),
      },
    },
  },
})

const applied = (exitCode: number): StepState['changes'] =>
  restartChanges.map((change, index) => ({
    started: `s${index}`,
    at: '2026-11-20T03:11:50.000Z',
    change: index,
    of: 3,
    say: change.do.say,
    command: 'pm2 …',
    undo: change.undo,
    undoHash: sha('b'),
    applied: {
      run: 'run-1',
      step: 'restart',
      host: 'core-1',
      started: `s${index}`,
      endedBy: 'exit',
      exitCode: index === 1 ? exitCode : 0,
      ms: 1240,
      stdout: '[PM2] Done.',
      stderr:
        index === 1 && exitCode !== 0
          ? "[PM2][ERROR] Script not found: /opt/core/backend/src/server.js\nError: Cannot find module 'jsonwebtoken'"
          : '',
      at: '2026-11-20T03:11:52.000Z',
      event: `x${index}`,
    },
  }))

const failedRoom: Room = {
  ...baseRoom,
  incident: {
    ...baseRoom.incident,
    steps: {
      ...envDone,
      'run-1 restart core-1': done('restart', {
        state: 'failed',
        approved: { how: 'enter', at: '2026-11-20T03:11:49.000Z', by: 'ana@laptop' },
        changes: applied(1).slice(0, 2),
        verified: {
          run: 'run-1',
          step: 'restart',
          host: 'core-1',
          verdict: 'failed',
          reason: 'core-backend is errored after 3 restarts; nothing listens on 3002',
          ms: 9000,
          at: '2026-11-20T03:12:01.000Z',
        },
      }),
    },
    timeline: [
      ...timeline,
      {
        event: 'e9',
        at: '2026-11-20T03:12:01.000Z',
        by: 'ana@laptop',
        kind: 'step',
        text: 'restart failed on core-1: core-backend is errored after 3 restarts',
        host: 'core-1',
        bad: true,
        evidence: 'exit 1',
      },
    ],
  },
  run: { ...baseRoom.run!, phase: 'finished', exit: 1 },
}

const doneRoom: Room = {
  ...baseRoom,
  incident: {
    ...baseRoom.incident,
    status: 'monitoring',
    checks: {
      'health core-1': check('health', 'Core answers on loopback', {
        before: ['ok', '200', '200'],
        after: ['ok', '200', '200'],
        last: ['ok', '200', '200'],
      }),
      'login core-1': check('login', 'Log in with the practice user', {
        before: ['failed', '200', '500'],
        after: ['ok', '200', '200'],
        last: ['ok', '200', '200'],
      }),
      'preflight core-1': check('preflight', 'CORS preflight from media.example.org', {
        before: ['ok', '204', '204'],
        after: ['ok', '204', '204'],
        last: ['ok', '204', '204'],
      }),
    },
    steps: {
      ...envDone,
      'run-1 restart core-1': done('restart', {
        state: 'ok',
        approved: { how: 'enter', at: '2026-11-20T03:11:49.000Z', by: 'ana@laptop' },
        changes: applied(0),
        verified: {
          run: 'run-1',
          step: 'restart',
          host: 'core-1',
          verdict: 'ok',
          reason: 'online for 5 s, cwd /opt/core/backend, listens on 3002',
          ms: 5200,
          at: '2026-11-20T03:12:01.000Z',
        },
      }),
      'run-1 login core-1': done('login', { state: 'answered', answer: 'done' }),
    },
  },
  run: { ...baseRoom.run!, phase: 'finished', exit: 0 },
}

const fleet = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5']

/** Five hosts of which some are at work: `web-1` came through. */
const batchRoom = (atWork: Record<string, { doing: string; waits?: true }>): Room => ({
  ...baseRoom,
  incident: { ...incident, checks: {}, steps: { 'run-1 restart web-1': done('restart', { host: 'web-1' }) } },
  run: {
    ...baseRoom.run!,
    hosts: fleet,
    steps: steps.slice(0, 2).map((step) => ({
      ...step,
      hosts: fleet,
      plans: Object.fromEntries(fleet.map((host) => [host, { ...restartPlan, step: step.id, host }])),
    })),
    phase: 'running',
    atWork: Object.fromEntries(
      Object.entries(atWork).map(([host, one]) => [
        host,
        { step: 'restart', host, since: new Date(now - 41_000).toISOString(), ...one },
      ]),
    ),
  },
  hosts: Object.fromEntries(fleet.map((host) => [host, { is: 'ready', since: '2026-11-20T02:33:10.000Z' }])),
})

const waiting = { doing: 'waiting for approval', waits: true } as const

/** The scripted states, by name. */
export const scenes = {
  home: atHome,
  empty: {
    ...atHome,
    home: { incidents: [], runbooks: [], hosts: [], problems: ['sitrep.yaml:4:3: unknown key addres'] },
  },
  suggested: inRoom({
    incident,
    suggested: 'core-pm2',
    logs: { 'core-1 pm2:core-backend': log() },
    hosts: {},
  }),
  planning: inRoom({
    ...baseRoom,
    incident: { ...incident, checks: {} },
    run: {
      ...baseRoom.run!,
      phase: 'planning',
      steps: steps.map((step, index) => (index === 0 ? step : { ...step, plans: { 'core-1': undefined } })),
    },
  }),
  plan: inRoom(baseRoom),
  approval: inRoom({ ...running(baseRoom, 'restart', 'waiting for approval'), approval: approvalRequest }),
  typed: inRoom({
    ...running(baseRoom, 'restart', 'waiting for approval'),
    approval: {
      ...approvalRequest,
      id: 'a2',
      confirm: 'typed',
      target: 'core-1',
      changed: true,
      plan: {
        ...restartPlan,
        plan: {
          ...restartPlan.plan,
          changes: [
            ...restartChanges.slice(0, 2),
            { ...restartChanges[2]!, undo: { impossible: 'the former dump.pm2 is overwritten' } },
          ],
        },
      },
    },
  }),
  manual: inRoom({
    ...running(baseRoom, 'login', 'waiting for a person'),
    approval: {
      id: 'a3',
      confirm: 'ask',
      question: 'Can you log in through the UI, and are you still logged in after a minute?',
      plan: {
        ...loginPlan,
        plan: {
          outcome: 'would_change',
          because: 'a person has to look',
          changes: [
            {
              do: {
                say: 'ask',
                ask: {
                  question: 'Can you log in?',
                  instructions:
                    'Open https://media.example.org in a private window.\nLog in as the practice user, wait a minute, and reload.',
                },
              },
              undo: [],
            },
          ],
        },
      },
    },
  }),
  running: inRoom(running(baseRoom, 'restart', 'verifying: online, has to hold for 5 s')),
  batch: inRoom(
    batchRoom({
      'web-4': { doing: 'verifying' },
      'web-2': { doing: 'verifying' },
      'web-3': { doing: 'save the process list' },
    }),
  ),
  batchAsked: inRoom({
    ...batchRoom({ 'web-2': waiting, 'web-3': waiting, 'web-4': waiting }),
    approval: {
      ...approvalRequest,
      id: 'a4',
      plan: { ...restartPlan, host: 'web-2' },
      hosts: ['web-2', 'web-3', 'web-4'],
    },
  }),
  /** Its plan changed since it was approved, and it is asked for by itself, while others are at work. */
  batchAskedAgain: inRoom({
    ...batchRoom({ 'web-2': waiting, 'web-3': { doing: 'verifying' }, 'web-4': { doing: 'verifying' } }),
    approval: { ...approvalRequest, id: 'a5', plan: { ...restartPlan, host: 'web-2' }, changed: true },
  }),
  failed: inRoom(failedRoom),
  done: inRoom(doneRoom),
  prompt: inRoom(baseRoom, {
    prompt: {
      id: 'p1',
      kind: 'secret',
      who: 'core-1 (10.0.4.11)',
      what: 'The key ~/.ssh/id_ed25519 is encrypted. Its passphrase opens it; it stays in memory until sitrep ends.',
    },
  }),
  hostKey: inRoom(baseRoom, {
    prompt: {
      id: 'p2',
      kind: 'confirm',
      who: 'edge-1 (10.0.4.12)',
      what: 'This host is not in known_hosts. Its ED25519 key is SHA256:n2JxV0yC9mJ5z0GgkPsw1n7cQq1J4o1yHk0yq5l8tUo. Trust it and write it there?',
    },
  }),
  stopped: inRoom(baseRoom, { recording: { stopped: 'no space left on device' } }),
} satisfies Record<string, ConsoleState>

export type Scene = keyof typeof scenes
