import { performance } from 'node:perf_hooks'
import type { OutputListener } from '../../model/command.ts'
import { messageOf } from '../../model/errors.ts'
import { leadIn } from '../lead.ts'
import { createMarkFilter, drawNonce, type MarkFilter } from '../marks.ts'
import type { Channel, ChannelEnd, Transport } from '../transport.ts'
import type { Order } from './order.ts'
import { laneText, readOrder, type Taking, takeOrder } from './text.ts'

/** A background process may hold the streams of a command that has ended; both are given up after this silence, in milliseconds. */
const lingering = 1000

/** Behind a command that takes this long, no other waits: they are asked elsewhere. In milliseconds. */
const patience = 1000

/** One kept channel. */
export interface Lane {
  /** True once the host said that the loop runs. */
  ready(): boolean
  /** True where a command has been at work for so long that no other is to wait behind it. */
  slow(): boolean
  /** Orders that were given to it and have not ended. */
  load(): number
  /** Gives it an order; only for one that is ready. */
  ask(order: Order): void
  /** Gives the channel away to a text; only for one that is ready and has no load. */
  take(o: { nonce: string; text: string; listener: OutputListener }): Channel
  /** No order comes any more; those that were not begun are asked elsewhere, and the channel goes after the one at work. */
  retire(): void
  /** Ends its stdin: an idle loop ends by itself. One that is not open yet is given up. */
  end(): void
}

/** What a lane tells the one who keeps it. */
export interface LaneKeeper {
  /** The loop runs; `ms` went by since it was asked for, and this is how the host takes bytes. */
  onReady(ms: number, taking: Taking): void
  /** It takes no more orders. `begun` is false where its loop never ran; `lost` is why the link went, or why it had no channel. */
  onOver(how: { begun: boolean; lost?: string }): void
  /** Orders that it never began. */
  onLeft(orders: Order[]): void
  /** A command that nobody waits for is at work in this process group. */
  onUnwanted(group: number): void
  /** It has come to the end of an order. */
  onFree(): void
}

/** An order on its way through a lane. */
interface Entry {
  order: Order
  begun: boolean
  code?: number
  /** Streams on which its exit was told, and on which nothing of it comes any more. */
  exits: number
  frees: number
  /** It is asked elsewhere now: what the host still says of it here, having come to it after all, is nobody's. */
  gone?: true
}

/** Opens a lane. Its orders come to their ends one after the other. */
export function openLane(transport: Transport, keeper: LaneKeeper, known?: Taking): Lane {
  const nonce = drawNonce()
  const entries: Entry[] = []
  const filters: Record<'stdout' | 'stderr', MarkFilter[]> = { stdout: [], stderr: [] }
  let channel: Channel | undefined
  let hear: OutputListener
  let group = 0
  let taking: Taking = 'dd'
  let words = 0
  let over = false
  let slow = false
  let timer: NodeJS.Timeout | undefined
  const asked = performance.now()
  const unwanted = new AbortController()

  // Its first words may come before the answer that it is open.
  const ready = () => words === 2 && channel !== undefined && !over
  const begin = () => {
    if (ready()) keeper.onReady(performance.now() - asked, taking)
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const onMark = (name: string, value: string) => {
      if (name !== 'lane') return
      const [pid, how] = value.split(' ')
      group = Number(pid)
      taking = how === 'dd' ? 'dd' : 'head'
      words++
      begin()
    }
    filters[stream].push(createMarkFilter(nonce, { begin: true, until: 'lane', onMark, onData: () => {} }))
  }
  const framed: OutputListener = (stream, chunk) => {
    let rest: Uint8Array | undefined = chunk
    while (rest !== undefined && rest.length > 0) {
      const filter = filters[stream][0]
      // What comes between two frames is nobody's.
      if (!filter) return
      rest = filter.write(rest)
      if (rest !== undefined) filters[stream].shift()
    }
    if (entries[0]?.exits === 2) watch()
  }
  hear = framed

  /** Tells, once, that nothing more is asked of this lane. */
  const close = (lost?: string) => {
    if (over) return
    over = true
    keeper.onOver({ begun: words > 0, ...(lost === undefined ? {} : { lost }) })
  }
  const retire = () => {
    close()
    const left = entries.splice(entries[0]?.begun ? 1 : 0)
    for (const entry of left) entry.gone = true
    if (entries.length === 0) channel?.abandon()
    if (left.length > 0) keeper.onLeft(left.map(({ order }) => order))
  }
  /** The silence after an exit, or the work of a command behind which others wait, has a limit. */
  const watch = () => {
    clearTimeout(timer)
    slow = false
    const [first] = entries
    if (!first?.begun) return
    timer = first.exits === 2 ? setTimeout(() => finish(first), lingering) : setTimeout(behind, patience)
  }
  const behind = () => {
    slow = true
    if (entries.length > 1) retire()
  }
  const finish = (entry: Entry) => {
    clearTimeout(timer)
    const clean = entry.frees === 2
    if (!clean) retire()
    entries.shift()
    entry.order.done({ code: entry.code ?? 255 })
    watch()
    if (!over) keeper.onFree()
    else if (entries.length === 0) channel?.abandon()
  }
  const onMark = (entry: Entry, stream: 'stdout' | 'stderr', name: string, value: string) => {
    if (name === 'begin' && !entry.begun) {
      entry.begun = true
      entry.order.giveUp = () => {
        retire()
        channel?.abandon()
      }
      watch()
      if (entry.order.dropped()) {
        retire()
        keeper.onUnwanted(group)
      }
    }
    if (name === 'lane-exit') {
      entry.code = Number(value)
      entry.exits++
    } else if (name === 'lane-free') {
      entry.frees++
      if (entry.frees === 2) finish(entry)
      return
    }
    entry.order.onMark(stream, name, value)
  }
  const send = (entry: Entry) => {
    const { order } = entry
    for (const stream of ['stdout', 'stderr'] as const) {
      const filter = createMarkFilter(order.nonce, {
        begin: true,
        until: 'lane-free',
        onMark: (name, value) => {
          if (!entry.gone) onMark(entry, stream, name, value)
        },
        onData: (chunk) => {
          if (!entry.gone) order.onData(stream, chunk)
        },
      })
      filters[stream].push(filter)
    }
    channel?.write(readOrder(order))
  }
  const ended = (end: ChannelEnd) => {
    clearTimeout(timer)
    close('lost' in end ? end.lost : undefined)
    for (const list of Object.values(filters)) list[0]?.end()
    const all = entries.splice(0)
    const reason = 'lost' in end ? end.lost : 'the channel ended without an exit status'
    for (const { begun, exits, code, order } of all) {
      if (begun) order.done(exits > 0 ? { code: code ?? 255 } : { lost: reason })
    }
    const left = all.flatMap(({ begun, order }) => (begun ? [] : [order]))
    if (left.length > 0) keeper.onLeft(left)
  }

  const open = async () => {
    const line = leadIn(laneText(nonce, known))
    const { signal } = unwanted
    try {
      channel = await transport.open(line, (stream, chunk) => hear(stream, chunk), { signal })
    } catch (error) {
      return ended({ lost: messageOf(error) })
    }
    if (over) channel.abandon()
    else begin()
    ended(await channel.ended)
  }
  void open()
  return {
    ready,
    slow: () => slow,
    load: () => entries.length,
    ask(order) {
      const entry: Entry = { order, begun: false, exits: 0, frees: 0 }
      entries.push(entry)
      send(entry)
    },
    take(o) {
      if (!channel) throw new TypeError('a lane that is not open can not be taken')
      over = true
      hear = o.listener
      channel.write(takeOrder(o.nonce, o.text))
      return channel
    },
    retire,
    end() {
      unwanted.abort()
      channel?.end()
    },
  }
}
