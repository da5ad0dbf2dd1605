import type { OutputListener } from '../../model/command.ts'
import { leadIn } from '../lead.ts'
import { type Channel, LinkLost, type Transport } from '../transport.ts'
import { type Lane, type LaneKeeper, openLane } from './lane.ts'
import { type Order, runAlone } from './order.ts'
import { sturdy } from './sturdy.ts'
import type { Taking } from './text.ts'

/*
 * The kept channels of a session. Opening a channel and running something in it takes two round trips; a lane is open
 * already, so that a read-only command, and the start of what takes a channel over, takes one.
 *
 *   ask    a read-only text among others: to the lane with the fewest of them, and more lanes are opened where all have some
 *   take   a text that talks with us or goes on for long: an idle lane becomes its channel, and another is opened meanwhile
 *
 * Where no lane is ready, either gets a channel of its own, as long as its text fits into a line. A host may allow few
 * channels (MaxSessions). Where one is long in coming, the host counts as crowded: what is asked for waits for a lane, and an
 * idle lane makes room for what waits for a channel of its own already.
 */

/** At most so many lanes to a host; sshd allows 10 channels where nobody said otherwise. */
const most = 4

/** While further lanes are being opened, one that is ready gets no more orders than this. */
const depth = 4

/** Reads that may have a channel of their own at once, where no lane is ready. */
const alone = 4

/** Over a link on which opening takes longer than this (in milliseconds), this many idle lanes are kept, else one. */
const far = { ms: 30, idle: 4 }

/** A host that has channels free gives one within this time after the fastest so far, in milliseconds. */
const prompt = 300

/** While something waits for a lane, it is looked this often (in milliseconds) whether a guest should go. */
const askGuests = 300

/** The longest text that goes in a line, in bytes: ssh2's own server takes packets of at most 35,000. */
const longestLine = 24_000

/** What takes a channel over. */
export interface Taker {
  nonce: string
  text: string
  listener: OutputListener
  /** Whether the host was heard to run it. */
  begun(): boolean
  /** Ends the wait for a channel; it rejects with LinkLost then. */
  signal?: AbortSignal
  /** Of one that can do without its channel for a while: asked to let it go where the host gives no more to others. */
  leave?(): void
}

/** The kept channels of one session. */
export interface Lanes {
  /** Runs a read-only text; how it ends is told to the order. It may be run twice where its first channel broke before it. */
  ask(order: Order): void
  /** A channel that the text has to itself. Rejects with LinkLost where nothing ran. */
  take(taker: Taker): Promise<Channel>
  /** Opens the first lane, so that it is there when it is needed. */
  warm(): void
  /** No lane is opened any more, and idle ones end. */
  close(): void
}

/** The lanes of a transport; `endGroup` ends what nobody waits for any more. */
export function createLanes(transport: Transport, o: { endGroup(group: number): Promise<unknown> }): Lanes {
  const lanes = new Set<Lane>()
  const waiting: Order[] = []
  const wakers = new Set<() => void>()
  /** Those that have a channel and can do without it. */
  const guests = new Set<() => void>()
  let room = most
  let works = true
  let crowded = false
  let idle = 1
  /** Reads that have a channel of their own. */
  let reading = 0
  let fastest = 0
  let taking: Taking | undefined
  /** A guest had to go: while no lane is ready, whoever comes as a guest is not to stay either. */
  let tight = false
  let asking: NodeJS.Timeout | undefined
  let closed = false
  let linked = hasLink(transport)

  const ready = () => [...lanes].filter((lane) => lane.ready() && !lane.slow())
  const free = () => ready().find((lane) => lane.load() === 0)
  const opening = () => [...lanes].filter((lane) => !lane.ready()).length
  const expected = () => opening() > 0 && crowded

  const unwanted = (group: number) => void o.endGroup(group).catch(() => undefined)
  const grow = () => {
    if (closed || !works || lanes.size >= room || !hasLink(transport)) return
    const keeper: LaneKeeper = {
      onReady(ms, how) {
        taking = how
        fastest = fastest === 0 ? ms : Math.min(fastest, ms)
        if (fastest > far.ms) idle = far.idle
        refill()
        pump()
      },
      onFree: pump,
      onOver({ begun, lost }) {
        lanes.delete(lane)
        // The shell that was to run it did not, or there was no channel to be had: what is there must do.
        if (!begun && lost === undefined) works = false
        else if (!begun && hasLink(transport)) room = Math.max(1, lanes.size)
        if (!begun && lost !== undefined && lanes.size === 0) {
          for (const order of waiting.splice(0)) order.done({ lost })
        }
        for (const wake of wakers) wake()
        pump()
      },
      onLeft(orders) {
        for (const order of orders) order.moves = (order.moves ?? 0) + 1
        waiting.unshift(...orders)
        pump()
      },
      onUnwanted: unwanted,
    }
    const lane = openLane(transport, keeper, taking)
    lanes.add(lane)
  }
  const refill = () => {
    const spare = [...lanes].filter((lane) => lane.load() === 0).length
    for (let missing = idle - spare; missing > 0; missing--) grow()
  }

  /** Gives the waiting orders to lanes, or to channels of their own. */
  const pump = () => {
    // What takes a channel over goes first: it may be what ends the command that keeps all others busy.
    if (wakers.size > 0 && free()) {
      for (const wake of wakers) wake()
      return
    }
    for (;;) {
      while (waiting[0]?.dropped()) waiting.shift()
      const [order] = waiting
      if (!order) break
      const [best] = ready().sort((a, b) => a.load() - b.load())
      if (best === undefined || best.load() > 0) grow()
      const lane = best && (best.load() < depth || opening() === 0) ? best : undefined
      const own =
        (order.moves ?? 0) > 1 || lanes.size === 0 || (best === undefined && reading < alone && !expected())
      if (!own && !lane) break
      waiting.shift()
      if (own || !lane) void read(order)
      else lane.ask(order)
    }
    askGuestsToGo()
  }
  const read = async (order: Order) => {
    reading++
    const own = (order.moves ?? 0) > 1
    const yields = new AbortController()
    const late = () => {
      if (own || lanes.size === 0 || !hasLink(transport)) return
      crowded = true
      yields.abort()
    }
    const { signal } = yields
    const done = await runAlone(order, {
      open: async (listener) => (await channelFor({ ...order, listener, signal }, own, late)).channel,
      yields: signal,
      onUnwanted: unwanted,
    })
    reading--
    if (!done) waiting.unshift(order)
    pump()
  }

  /** A channel is long in coming: the lanes that do nothing make room. */
  const makeRoom = () => {
    if (!hasLink(transport)) return
    crowded = true
    for (const lane of lanes) if (!lane.ready()) lane.end()
    free()?.retire()
    sendOff()
  }
  /** Where the host was heard to give no more channels, and no lane can be spared, a guest goes. */
  const sendOff = () => {
    const state = transport.state()
    const crowds = tight || (state.is === 'ready' && state.reason !== undefined)
    if (!crowds || !hasLink(transport) || free()) return
    const [leave] = guests
    if (leave === undefined) return
    tight = true
    guests.delete(leave)
    leave()
  }
  /** That the host is crowded may have been heard before a guest came, and while a lane was still free. */
  const askGuestsToGo = () => {
    if (closed || (waiting.length === 0 && wakers.size === 0)) {
      clearInterval(asking)
      asking = undefined
    } else if (asking === undefined) asking = setInterval(askNow, askGuests)
  }
  const askNow = () => {
    sendOff()
    askGuestsToGo()
  }
  /** An idle lane, or a channel of its own, whichever can be had. */
  const channelFor = async (
    { nonce, text, listener, signal }: Omit<Taker, 'begun'>,
    own = false,
    late = makeRoom,
  ): Promise<{ channel: Channel; kept: boolean }> => {
    const fits = Buffer.byteLength(text) <= longestLine
    for (;;) {
      const lane = own && fits ? undefined : free()
      if (lane) {
        lanes.delete(lane)
        const channel = lane.take({ nonce, text, listener })
        refill()
        return { channel, kept: true }
      }
      if (works && hasLink(transport) && (!fits || (!own && expected()))) await laneReady(signal)
      else return { channel: await seek(text, listener, signal, late), kept: false }
      if (signal?.aborted) throw new LinkLost('given up')
    }
  }
  /** Opens a channel of its own; `late` is called now and then while it does not come. */
  const seek = async (
    text: string,
    listener: OutputListener,
    signal: AbortSignal | undefined,
    late: () => void,
  ) => {
    const line = leadIn(text)
    const impatient = setInterval(
      () => {
        if (fastest > 0) late()
      },
      prompt + fastest * 2,
    )
    try {
      return await transport.open(line, listener, signal === undefined ? {} : { signal })
    } finally {
      clearInterval(impatient)
    }
  }
  /** Waits until there may be an idle lane, or until none is to be expected. */
  const laneReady = async (signal: AbortSignal | undefined) => {
    grow()
    if (lanes.size === 0) throw new LinkLost('the host gave no channel')
    const woken = Promise.withResolvers<void>()
    signal?.addEventListener('abort', () => woken.resolve(), { once: true })
    wakers.add(woken.resolve)
    askGuestsToGo()
    await woken.promise
    wakers.delete(woken.resolve)
    // When whoever waited here has taken the lane, or has not.
    setImmediate(pump)
  }
  const warm = () => {
    if (lanes.size === 0) grow()
  }
  const unlisten = transport.onState(() => {
    sendOff()
    const was = linked
    linked = hasLink(transport)
    if (!linked || was) return
    room = most
    works = true
    crowded = false
    tight = false
    warm()
  })
  return {
    ask(order) {
      waiting.push(order)
      pump()
    },
    async take(taker) {
      const channel = await sturdy(taker, (own) => channelFor(taker, own))
      const { leave } = taker
      if (leave !== undefined) {
        guests.add(leave)
        void channel.ended.then(() => guests.delete(leave))
        sendOff()
      }
      return channel
    },
    warm,
    close() {
      closed = true
      clearInterval(asking)
      unlisten()
      for (const lane of lanes) lane.end()
    },
  }
}

const hasLink = (transport: Transport) => ['ready', 'stale'].includes(transport.state().is)
