import { createStore } from 'zustand/vanilla'
import { declare, type OpenIncident, open, sinks } from './compose/incident.ts'
import { openInventory } from './compose/inventory.ts'
import { operatorName } from './compose/operator.ts'
import { createPrompts } from './compose/prompts.ts'
import { loadHome } from './console/home.ts'
import { type ConsoleRoom, openRoom } from './console/room.ts'
import type { Console, ConsoleState, Intent } from './console.types.ts'
import { messageOf, SitrepError } from './model/errors.ts'

/** What the console begins with; the home screen where nothing is said. */
export interface ConsoleOptions {
  inventory?: string
  /** An incident to open, or one to declare. */
  incident?: string
  declare?: { title: string; severity?: 'sev1' | 'sev2' | 'sev3' | 'sev4' | 'sev5' }
  /** A runbook to open in it. */
  runbook?: { runbook: string; hosts?: string[]; params?: Record<string, string> }
}

/** Composes the console: one zustand store with all that is shown, and `send` for all that can be done. */
export async function createConsole(o: ConsoleOptions = {}): Promise<Console> {
  const inventory = await openInventory(o.inventory)
  const idle = () => ({ is: 'idle' as const })
  const store = createStore<ConsoleState>(() => ({
    home: { incidents: [], runbooks: [], hosts: [], problems: [] },
    room: undefined,
    prompt: undefined,
    recording: {},
    message: undefined,
    now: Date.now(),
    operator: operatorName(),
  }))
  let room: ConsoleRoom | undefined
  /** The pipe before the screen: that of the open incident, or without one of all that this process knows. */
  const pipe = () => room?.incident.pipe ?? sinks().pipe
  const tell = (text: string, bad = false) =>
    store.setState({ message: { text: pipe().text(text), bad, at: new Date().toISOString() } })
  const prompts = createPrompts((prompt) =>
    store.setState({ prompt: prompt && { ...pipe().deep(prompt), id: prompt.id } }),
  )
  let exit = 0
  const leave = async () => {
    const left = await room?.close()
    exit = room?.exit() ?? exit
    room = undefined
    return left ?? {}
  }
  const clock = setInterval(() => store.setState({ now: Date.now() }), 1000)

  const refreshHome = async () => store.setState({ home: pipe().deep(await loadHome(inventory, idle)) })

  async function enter(incident: OpenIncident): Promise<void> {
    await leave()
    incident.onStopped(() => store.setState({ recording: pipe().deep(recordingOf(incident)) }))
    incident.onResumed(({ gapMs }) => {
      store.setState({ recording: {} })
      tell(`recording goes on after ${(gapMs / 1000).toFixed(1)} s`)
    })
    const next: ConsoleRoom = openRoom({
      incident,
      ...(o.inventory === undefined ? {} : { inventory: o.inventory }),
      runbooks: store
        .getState()
        .home.runbooks.filter(({ trusted, broken }) => trusted && broken === undefined)
        .map(({ name }) => name),
      prompts,
      changed: () => store.setState({ room: next.room() }),
      tell,
    })
    room = next
    store.setState({ room: next.room(), recording: pipe().deep(recordingOf(incident)) })
    await incident.append('responder.joined', { name: operatorName() })
  }

  async function send(intent: Intent): Promise<void> {
    switch (intent.do) {
      case 'declare': {
        const { title, severity, started } = intent
        return enter(
          await declare({
            title,
            ...(severity === undefined ? {} : { severity }),
            ...(started === undefined ? {} : { started }),
          }),
        )
      }
      case 'open':
        return enter(await open(intent.incident))
      case 'home':
        // What was said in a room is not of this screen; what its closing says is.
        store.setState({ message: undefined })
        await leave()
        store.setState({ room: undefined })
        return refreshHome()
      case 'openRunbook':
        // A runbook that is opened from the home screen is the beginning of an incident of its own.
        if (room === undefined) {
          const found = store.getState().home.runbooks.find(({ name }) => name === intent.runbook)
          await enter(await declare({ title: found?.title ?? intent.runbook }))
        }
        return room?.send(intent)
      case 'reply':
        return prompts.reply(intent.prompt, intent.value)
      default:
        if (room === undefined) throw new SitrepError('usage', 'no incident is open')
        return room.send(intent)
    }
  }

  await refreshHome()
  try {
    if (o.declare !== undefined) await send({ do: 'declare', ...o.declare })
    else if (o.incident !== undefined) await send({ do: 'open', incident: o.incident })
    if (o.runbook !== undefined) await send({ do: 'openRunbook', ...o.runbook })
  } catch (error) {
    clearInterval(clock)
    await leave()
    throw error
  }

  return {
    getState: store.getState,
    subscribe: store.subscribe,
    send: async (intent) => {
      try {
        await send(intent)
      } catch (error) {
        tell(messageOf(error), true)
        throw error
      }
    },
    exit: () => room?.exit() ?? exit,
    close: async () => {
      clearInterval(clock)
      prompts.close()
      return leave()
    },
  }
}

function recordingOf(incident: Pick<OpenIncident, 'recording'>): ConsoleState['recording'] {
  const state = incident.recording()
  return state.is === 'on' ? {} : { stopped: state.cause, reserve: state.is === 'reserve' }
}
