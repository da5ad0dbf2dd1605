import type { RunbookSummary } from '../src/console.types.ts'
import type { Deps } from './commands/deps.ts'
import { searchOn } from './commands/logs.ts'
import { scrollTo } from './commands/move.ts'
import { commands } from './commands.ts'
import { type Ask, type Context, clamp, dueAsk } from './context.ts'
import type { Key } from './input.ts'
import { inputForm, type Meaning } from './inputs.ts'
import { type CommandId, type KeyRecord, keyRecords, nameOf, recordsHere } from './keys.ts'
import { edit, nothing, typed } from './typed.ts'
import { type InputFor, type Overlay, panes } from './view.ts'
import { severities, statuses } from './words.ts'

const moves = new Set<CommandId>(['down', 'up', 'pageDown', 'pageUp', 'first', 'last', 'palette', 'unpeek'])

/** What the palette lists: the commands that count here, those that are off last. */
export function paletteRecords(context: Context, text: string): (KeyRecord & { id: CommandId })[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const here = recordsHere(context).filter((record) => !moves.has(record.id))
  const named = here.filter((record) => {
    const about = `${nameOf(record, context)} ${record.does} ${record.id}`.toLowerCase()
    return words.every((word) => about.includes(word))
  })
  const off = (record: KeyRecord) => record.off?.(context) !== undefined
  return [...named.filter((record) => !off(record)), ...named.filter(off)]
}

/** The choices of a menu, with the one that holds now. */
export function menuItems(
  context: Context,
  of: 'status' | 'severity' | 'runbook',
): { items: string[]; now: number } {
  const { state } = context
  if (of === 'status')
    return { items: [...statuses], now: statuses.indexOf(state.room?.incident.status ?? 'investigating') }
  if (of === 'severity')
    return { items: [...severities], now: severities.indexOf(state.room?.incident.severity ?? 'sev3') }
  const items = state.home.runbooks.map((runbook) => runbook.name)
  return { items, now: items.indexOf(state.room?.run?.runbook ?? '') }
}

/** Gives one key to what the person opened. */
export function overlayKey(deps: Deps, overlay: Overlay, key: Key) {
  if (key.name === 'esc') return deps.act({ do: 'close' })
  switch (overlay.is) {
    case 'help':
    case 'detail':
      return scrollKey(deps, overlay, key)
    case 'palette':
      return paletteKey(deps, overlay, key)
    case 'menu':
      return menuKey(deps, overlay, key)
    case 'input':
      return inputKey(deps, overlay, key)
    case 'confirm':
      return confirmKey(deps, overlay, key)
  }
}

function scrollKey(deps: Deps, overlay: Overlay & { is: 'help' | 'detail' }, key: Key) {
  const by: Record<string, number> = {
    j: 1,
    down: 1,
    k: -1,
    up: -1,
    pgdn: 10,
    ' ': 10,
    pgup: -10,
    g: -9999,
    home: -9999,
    G: 9999,
    end: 9999,
  }
  const step = by[key.name]
  if (step !== undefined)
    return deps.act({
      do: 'open',
      overlay: { ...overlay, scroll: scrollTo(overlay.scroll, step, deps.extents.overlay) },
    })
  if (key.name === 'q' || key.name === 'enter' || key.name === '?') deps.act({ do: 'close' })
  if (key.name === 'y' && overlay.is === 'detail') deps.copy(overlay.text.join('\n'))
}

function paletteKey(deps: Deps, overlay: Overlay & { is: 'palette' }, key: Key) {
  const context = deps.context()
  const found = paletteRecords(context, overlay.typed.text)
  const at = clamp(overlay.index, found.length)
  if (key.name === 'down' || key.name === 'ctrl-n')
    return deps.act({ do: 'open', overlay: { ...overlay, index: clamp(at + 1, found.length) } })
  if (key.name === 'up' || key.name === 'ctrl-p')
    return deps.act({ do: 'open', overlay: { ...overlay, index: clamp(at - 1, found.length) } })
  if (key.name === 'enter') {
    const record = found[at]
    if (!record) return
    deps.act({ do: 'close' })
    const off = record.off?.(deps.context())
    return off === undefined ? commands[record.id](deps) : deps.say(`${nameOf(record, context)}: ${off}`)
  }
  deps.act({ do: 'open', overlay: { ...overlay, typed: edit(overlay.typed, key), index: 0 } })
}

function menuKey(deps: Deps, overlay: Overlay & { is: 'menu' }, key: Key) {
  const context = deps.context()
  const { items, now } = menuItems(context, overlay.of)
  const at = clamp(overlay.index, items.length)
  const digit = Number(key.name)
  if (key.name === 'q') return deps.act({ do: 'close' })
  if (key.name === 'j' || key.name === 'down')
    return deps.act({ do: 'open', overlay: { ...overlay, index: clamp(at + 1, items.length) } })
  if (key.name === 'k' || key.name === 'up')
    return deps.act({ do: 'open', overlay: { ...overlay, index: clamp(at - 1, items.length) } })
  if (overlay.of !== 'runbook' && digit >= 1 && digit <= items.length) {
    return deps.act({ do: 'open', overlay: { ...overlay, index: digit - 1 } })
  }
  if (key.name !== 'enter') return
  deps.act({ do: 'close' })
  if (overlay.of === 'runbook') {
    const runbook = context.state.home.runbooks[at]
    return runbook && openRunbook(deps, runbook)
  }
  if (at === now) return deps.say(`it is ${items[at]} already`)
  const status = statuses[at]
  const severity = severities[at]
  if (overlay.of === 'status' && status) deps.send({ do: 'status', to: status })
  if (overlay.of === 'severity' && severity) deps.send({ do: 'set', severity })
}

function openRunbook(deps: Deps, runbook: RunbookSummary) {
  if (!runbook.trusted)
    return deps.say(
      `${runbook.name} stands in a folder that is not trusted: sitrep trust --runbooks DIR`,
      true,
    )
  if (runbook.broken) return deps.say(runbook.broken, true)
  deps.send({ do: 'openRunbook', runbook: runbook.name })
}

function inputKey(deps: Deps, overlay: Overlay & { is: 'input' }, key: Key) {
  if (key.name !== 'enter' || key.pasted) {
    const line = edit(overlay.typed, key)
    if (overlay.for.is === 'filter') deps.act({ do: 'filter', text: line.text })
    return deps.act({ do: 'open', overlay: { is: 'input', for: overlay.for, typed: line } })
  }
  const meaning = inputForm(overlay.for).read(overlay.typed.text, deps.context())
  if ('wrong' in meaning) return deps.act({ do: 'open', overlay: { ...overlay, wrong: meaning.wrong } })
  deps.act({ do: 'close' })
  carryOut(deps, meaning)
}

function carryOut(deps: Deps, meaning: Exclude<Meaning, { wrong: string }>) {
  if ('next' in meaning) return open(deps, meaning.next)
  if ('send' in meaning) {
    const [first, ...then] = meaning.send
    if (!first) return
    return meaning.answers === undefined ? deps.sendAll([first, ...then]) : deps.answer(first)
  }
  if (meaning.view === 'filter') return deps.act({ do: 'filter', text: meaning.text })
  const { log } = deps.context().view
  const { search: _, ...rest } = log
  deps.act({ do: 'log', place: meaning.text ? { ...rest, search: meaning.text } : rest })
  if (meaning.text) searchOn(deps, -1)
}

function open(deps: Deps, target: InputFor) {
  deps.act({ do: 'open', overlay: { is: 'input', for: target, typed: nothing } })
}

function confirmKey(deps: Deps, overlay: Overlay & { is: 'confirm' }, key: Key) {
  if (key.name === 'n' || key.name === 'q') return deps.act({ do: 'close' })
  if (key.name !== 'enter' && key.name !== 'y') return
  deps.act({ do: 'close' })
  const target = overlay.for
  if (target.is === 'cancel') return deps.answer({ do: 'cancel' })
  deps.answer({ do: 'undo', step: target.step, ...(target.host === undefined ? {} : { host: target.host }) })
}

/** Gives one key to a prompt. What is typed for it stays in the view until it is answered, and is dropped then. */
export function promptKey(deps: Deps, ask: Ask, key: Key) {
  const { state, view } = deps.context()
  const prompt = state.prompt
  if (!prompt) return
  const line = view.reply.question === ask.key ? view.reply.typed : nothing
  const reply = (value: string | undefined) => {
    deps.act({ do: 'reply', question: '', typed: nothing })
    deps.answer({ do: 'reply', prompt: prompt.id, value })
  }
  if (key.name === 'esc') return reply(undefined)
  if (prompt.kind === 'confirm') {
    if (key.name === 'y') return reply('yes')
    if (key.name === 'n') return reply(undefined)
    return
  }
  if (key.name === 'enter') {
    if (line.text) return reply(line.text)
    return deps.act({ do: 'reply', question: ask.key, typed: line, wrong: 'nothing was typed; esc declines' })
  }
  deps.act({ do: 'reply', question: ask.key, typed: edit(line, key) })
}

/** Gives one key to the input of a typed approval; false where the key is not for it. */
export function typedKey(deps: Deps, ask: Ask, key: Key): boolean {
  const { view } = deps.context()
  const line = view.reply.question === ask.key ? view.reply.typed : typed('')
  if (key.name.startsWith('ctrl-') && !['ctrl-u', 'ctrl-w', 'ctrl-a', 'ctrl-e'].includes(key.name))
    return false
  const after = edit(line, key)
  if (after === line && !key.text) return false
  deps.act({ do: 'reply', question: ask.key, typed: after })
  return true
}

/** The key records that help shows: those of the question that waits, then those of the screen, nearest layer first. */
export function helpRecords(context: Context): (KeyRecord & { id: CommandId })[] {
  const ask = dueAsk(context)
  const asked = ask && ask.is !== 'prompt' ? keyRecords.filter((record) => record.layer === ask.is) : []
  const here = recordsHere(context)
  const panesToo = context.state.room
    ? keyRecords.filter((record) => paneLayers.includes(record.layer) && !here.includes(record))
    : []
  return [...asked, ...here, ...panesToo]
}

const paneLayers: string[] = [...panes]
