import { type Approvals, createApprovals } from '../compose/approvals.ts'
import { leavePostmortem } from '../compose/finish.ts'
import { ready } from '../compose/headless.ts'
import type { OpenIncident } from '../compose/incident.ts'
import { followLogs } from '../compose/logs.ts'
import { writePostmortem } from '../compose/postmortem.ts'
import type { Prompts } from '../compose/prompts.ts'
import { undoable } from '../compose/undo.ts'
import type { Intent, Room } from '../console.types.ts'
import { checkpointOfIncident, sayCheckpoint } from '../model/checkpoint.ts'
import { SitrepError } from '../model/errors.ts'
import type { Incident, RunState } from '../model/incident.ts'
import { createCommands } from './commands.ts'
import { type ConsoleRun, openConsoleRun, runView } from './run.ts'
import { createShownRoom } from './shown.ts'

/** The room of one open incident: its state as the views show it, and what can be done in it. */
export interface ConsoleRoom {
  incident: OpenIncident
  room(): Room
  send(intent: Intent): Promise<void>
  /** The exit code of the last run that was made in it and is over; 0 where there is none. */
  exit(): number
  /** Where the postmortem was written, and where the record stands at the end. */
  close(): Promise<{ postmortem?: string; checkpoint?: string }>
}

/** Opens the room of an incident; `changed` is called whenever there is something new to show. */
export function openRoom(o: {
  incident: OpenIncident
  inventory?: string
  /** The runbooks that can be opened by their name. */
  runbooks: readonly string[]
  prompts: Prompts
  changed(): void
  tell(text: string, bad?: boolean): void
}): ConsoleRoom {
  const { incident, tell } = o
  const suggested = lastRunbook(incident.read(), o.runbooks)
  let room: Room = {
    incident: incident.read(),
    ...(suggested === undefined ? {} : { suggested }),
    logs: {},
    hosts: {},
  }
  let run: ConsoleRun | undefined
  /** The runs that were opened here, in order. */
  const mine: string[] = []
  const views = createShownRoom(incident.pipe)
  let shown = views.of(room)
  const set = (change: (room: Room) => Room) => {
    room = change(room)
    shown = views.of(room)
    o.changed()
  }
  const approvals: Approvals = createApprovals((request) =>
    set(({ approval: _, ...rest }) => (request === undefined ? rest : { ...rest, approval: request })),
  )
  const logs = followLogs(incident, () => set((room) => ({ ...room, logs: logs.view() })))
  const unlisten = incident.onRecord((_, folded) => set((room) => ({ ...room, incident: folded })))
  // What is on the screen is hidden too, once it is known to be secret.
  const learned = new Set<string>()
  const untaught = incident.secrets.onRegister((_, value) => {
    if (learned.has(value)) return
    learned.add(value)
    views.forget()
    set((room) => room)
  })

  const opened = (): ConsoleRun => {
    if (run === undefined) throw new SitrepError('usage', 'no runbook is open', { next: 'choose one first' })
    return run
  }

  async function openRunbook(intent: Extract<Intent, { do: 'openRunbook' }>): Promise<void> {
    if (run?.busy() === true || commands.busy())
      throw new SitrepError('usage', 'a step is at work', { next: 'wait for it, or cancel it first' })
    const asked = {
      runbook: intent.runbook,
      hosts: intent.hosts ?? [],
      params: Object.entries(intent.params ?? {}).map(([name, value]) => `${name}=${value}`),
      ...(o.inventory === undefined ? {} : { inventory: o.inventory }),
    }
    const prepared = await ready(asked, incident.secrets, {
      param: ({ name, description }) =>
        o.prompts.secret({ who: intent.runbook, what: description ?? `the parameter ${name}` }),
    })
    await run?.close()
    run = await openConsoleRun({
      incident,
      ready: prepared,
      approve: approvals.approve,
      prompts: o.prompts,
      show: (change) => set((room) => (room.run === undefined ? room : { ...room, run: change(room.run) })),
      tell,
      onHostState: (host, state) => set((room) => ({ ...room, hosts: { ...room.hosts, [host]: state } })),
    })
    mine.push(run.id)
    set(({ suggested: _, ...room }) => ({
      ...room,
      run: runView(run?.id ?? '', prepared),
    }))
    const { fleet } = run
    logs.watch(prepared.prepared.runbook.symptoms)
    void Promise.all(prepared.prepared.logs.map((source) => logs.follow(source, fleet)))
    void run.diagnose()
  }

  function undo(step: string, host: string | undefined): void {
    const run = opened()
    const { steps, runs } = incident.read()
    // Another runbook of the incident may have a step of the same name: that one is not meant.
    const states = undoable(Object.values(steps)).filter(
      (state) =>
        state.step === step &&
        (host === undefined || state.host === host) &&
        runs[state.run]?.runbook === run.ready.prepared.runbook.name,
    )
    if (states.length === 0) throw new SitrepError('usage', `${step} changed nothing that could be undone`)
    void run.undo(states)
  }

  const commands = createCommands({
    incident,
    tell,
    show: (running) =>
      set(({ commands: _, ...rest }) => (running.length === 0 ? rest : { ...rest, commands: running })),
  })

  async function pin(key: string, seqs: readonly number[]): Promise<void> {
    const pinned = logs.pin(key, seqs)
    if (pinned === undefined) throw new SitrepError('usage', 'these lines are no longer kept')
    await incident.append('log.pinned', pinned)
  }

  function approve(request: string, typed: string | undefined): void {
    const open = approvals.open()
    if (open?.id !== request) return
    if (open.confirm === 'typed' && typed?.trim() !== (open.target ?? open.plan.host)) {
      throw new SitrepError('usage', `type ${open.target ?? open.plan.host} to approve this`)
    }
    approvals.answer(request, { answer: 'run', how: open.confirm === 'typed' ? 'typed' : 'enter' })
  }

  function refuse(request: string): void {
    const asksPerson = approvals.open()?.question !== undefined
    const reason = asksPerson ? 'not answered' : 'not approved'
    approvals.answer(request, { answer: 'stop', reason })
  }

  async function send(intent: Intent): Promise<void> {
    switch (intent.do) {
      case 'openRunbook':
        return openRunbook(intent)
      case 'run':
        return void opened().go(intent.step)
      case 'replan':
        return void opened().diagnose()
      case 'check':
        return void opened().check()
      case 'cancel':
        commands.cancel()
        return run?.cancel()
      case 'approve':
        return approve(intent.request, intent.typed)
      case 'answer':
        return void approvals.answer(intent.request, { answer: 'said', text: intent.text, ok: intent.ok })
      case 'skip':
        return void approvals.answer(intent.request, { answer: 'skip', reason: intent.reason })
      case 'refuse':
        return refuse(intent.request)
      case 'undo':
        return undo(intent.step, intent.host)
      case 'command':
        return commands.run(opened().fleet, intent.hosts, intent.text)
      case 'pin':
        return pin(intent.source, intent.seqs)
      case 'follow': {
        const { host, kind, name } = intent
        return logs.follow({ key: `${host} ${kind}:${name}`, host, kind, name }, opened().fleet)
      }
      case 'note': {
        const { text, at, until } = intent
        await incident.append('note.added', {
          text,
          at: at ?? new Date().toISOString(),
          ...(until === undefined ? {} : { until }),
        })
        return
      }
      case 'status':
        await incident.append('status.changed', { to: intent.to })
        return
      case 'set': {
        const { do: _, ...fields } = intent
        await incident.append('incident.changed', fields)
        return
      }
      case 'milestone':
        await incident.append('milestone.set', { milestone: intent.milestone, at: intent.at })
        return
      case 'export': {
        const { path } = await writePostmortem(
          incident,
          intent.path === undefined ? {} : { file: intent.path },
        )
        tell(`postmortem: ${path}`)
        return
      }
      default:
        throw new SitrepError('usage', `${intent.do} is not for the room`)
    }
  }

  return {
    incident,
    room: () => shown,
    send,
    exit: () => {
      const { runs } = incident.read()
      return mine.flatMap((id) => runs[id]?.finished?.exit ?? []).at(-1) ?? 0
    },
    close: async () => {
      unlisten()
      untaught()
      await logs[Symbol.asyncDispose]()
      await run?.close()
      await commands.ended()
      const postmortem = await leavePostmortem(incident).finally(() => incident.close())
      const checkpoint = sayCheckpoint(checkpointOfIncident(incident.read()))
      return { checkpoint, ...(postmortem === undefined ? {} : { postmortem }) }
    },
  }
}

/** The runbook that was opened last in an incident, where it can be opened again by its name. */
function lastRunbook({ runs }: Incident, known: readonly string[]): string | undefined {
  const last = Object.values(runs).reduce<RunState | undefined>(
    (latest, run) => (latest === undefined || run.at >= latest.at ? run : latest),
    undefined,
  )
  return known.find((name) => name === last?.runbook)
}
