import { type Ask, atWork, type Context } from '../context.ts'
import type { Row } from '../row.ts'
import { clean, wrap } from '../text.ts'
import type { Marks } from '../theme.ts'
import { type Panel, typedSpans } from './panel.ts'
import { workOfHosts } from './work.ts'

/** The panel of a prompt: who asks, why, and what is typed; of a secret only that something is. */
export function promptPanel(context: Context, ask: Ask, width: number, marks: Marks): Panel | undefined {
  const { prompt } = context.state
  if (!prompt) return undefined
  const reply = context.view.reply.question === ask.key ? context.view.reply : undefined
  const line = reply?.typed
  const answer: Row =
    prompt.kind === 'confirm'
      ? [['y', 'key'], ' yes   ', ['n', 'key'], ' no']
      : prompt.kind === 'secret'
        ? [
            ['secret ', 'key'],
            line?.text ? ['typed', 'strong'] : ['nothing typed yet', 'dim'],
            ['  (it is never shown)', 'dim'],
          ]
        : [['answer ', 'key'], ...typedSpans(line ?? { text: '', cursor: 0 }, width - 8, marks)]
  return {
    title: [['QUESTION', 'warn'], ' from ', [prompt.who, 'strong']],
    rows: [
      ...wrap(prompt.what, width).map((text): Row => [text]),
      [],
      answer,
      reply?.wrong ? [[`${marks.bad} ${reply.wrong}`, 'bad']] : [],
    ],
    keys:
      prompt.kind === 'confirm'
        ? [
            ['y', 'yes'],
            ['n', 'no'],
            ['esc', 'no'],
          ]
        : [
            ['enter', 'answer'],
            ['esc', 'decline'],
            ['ctrl-u', 'clear'],
          ],
  }
}

/** The panel that asks whether to leave. */
export function quitPanel(context: Context, width: number): Panel {
  const work = workOfHosts(atWork(context.state))
  const request = context.state.room?.approval
  const commands = (context.state.room?.commands ?? []).map(
    ({ host, text }) => `The command on ${host} goes on, and its end is not recorded: ${text}`,
  )
  const none = work.length + commands.length === 0
  const on = request?.hosts?.join(', ') ?? request?.plan.host
  const goesOn = [
    ...(request === undefined
      ? none
        ? ['Nothing runs now.']
        : []
      : [`${request.plan.title} waits for approval on ${on}${none ? '; nothing runs now.' : '.'}`]),
    ...(work.length === 0
      ? []
      : ['What is at work goes on; open the incident again to see it:', ...work.map((one) => `  ${one}`)]),
    ...commands,
  ]
  return {
    title: [['Leave sitrep?', 'warn']],
    rows: [
      ...goesOn.flatMap((text) => wrap(clean(text), width).map((line): Row => [line])),
      [
        [
          context.state.room ? 'The postmortem draft is written on leaving, and its path is printed.' : '',
          'dim',
        ],
      ],
    ],
    keys: [
      ['ctrl-c', 'leave'],
      ['enter', 'leave'],
      ['esc', 'stay'],
    ],
  }
}
