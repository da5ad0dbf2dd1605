// A program for tmux: the console on a fake core. Arguments: the scene, and a file that gets each intent as a line.
import { appendFileSync } from 'node:fs'
import type { ConsoleState } from '../../src/console.types.ts'
import { start } from '../../views/main.tsx'
import { type FakeConsole, fakeConsole } from './fakeConsole.ts'
import { approvalRequest, type Scene, scenes } from './scenes.ts'

const [scene = 'home', file] = process.argv.slice(2)
// A state that no view can draw: what a view throws must not cost the terminal.
const broken = {
  ...scenes.plan,
  room: { ...scenes.plan.room!, incident: { ...scenes.plan.room!.incident, severity: undefined as never } },
}
const fake = fakeConsole(scene === 'broken' ? broken : scenes[scene as Scene])

const room = (state: ConsoleState, change: Partial<NonNullable<ConsoleState['room']>>): ConsoleState =>
  state.room ? { ...state, room: { ...state.room, ...change } } : state

let asked = 1
fake.on((intent, console: FakeConsole) => {
  if (file) appendFileSync(file, `${JSON.stringify(intent)}\n`)
  switch (intent.do) {
    case 'open':
      return console.set((state) => ({ ...state, room: scenes.plan.room }))
    case 'home':
      return console.set((state) => ({ ...state, room: undefined }))
    case 'declare':
      return console.set((state) => ({
        ...state,
        room: {
          ...scenes.suggested.room!,
          incident: { ...scenes.suggested.room!.incident, title: intent.title },
        },
      }))
    case 'openRunbook':
      return console.set((state) => ({ ...state, room: scenes.plan.room }))
    case 'run':
      return console.set((state) => ({ ...state, room: scenes.approval.room }))
    // Every approval is followed by the next at once: what a row of Enters would run through.
    case 'approve':
      asked++
      return console.set((state) => room(state, { approval: { ...approvalRequest, id: `a${asked}-again` } }))
    // The run stops there, as the core's does.
    case 'refuse':
      return console.set((state) => {
        const { approval: _, ...rest } = state.room!
        return { ...state, room: { ...rest, run: scenes.plan.room!.run! } }
      })
    case 'skip':
    case 'answer':
      return console.set((state) => {
        const { approval: _, ...rest } = state.room!
        return { ...state, room: rest }
      })
    case 'reply':
      return console.set((state) => ({ ...state, prompt: undefined }))
    case 'note':
      return console.set((state) => ({
        ...state,
        message: { text: 'note added', bad: false, at: new Date(state.now).toISOString() },
      }))
    case 'replan':
      throw new Error('core-1: the link is lost')
  }
})

if (process.env.FAKE_THROW)
  setTimeout(() => {
    throw new Error('thrown by the core')
  }, Number(process.env.FAKE_THROW))
if (process.env.FAKE_LOG) {
  let seq = 1000
  setInterval(() => {
    fake.set((state) => {
      const log = state.room?.logs['core-1 pm2:core-backend']
      if (!log) return state
      const line = {
        seq: ++seq,
        at: new Date().toISOString(),
        text: `GET /health 200 (${seq})`,
        stream: 'stdout' as const,
      }
      return room(state, {
        logs: {
          'core-1 pm2:core-backend': {
            ...log,
            lines: [...log.lines, line].slice(-500),
            total: log.total + 1,
          },
        },
      })
    })
  }, Number(process.env.FAKE_LOG))
}

const ended = await start(fake)
const { postmortem } = await fake.close()
process.stdout.write(`left by ${ended.by}; postmortem ${postmortem}\n`)
process.exit(0)
