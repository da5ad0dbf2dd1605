import type { Intent } from '../src/console.types.ts'
import type { Context } from './context.ts'
import { clockOf } from './format.ts'
import { parseNote } from './notes.ts'
import type { InputFor } from './view.ts'

/** What an input line says about itself, and what its text means. */
interface InputForm {
  title: string
  label: string
  hint: string
  /** What enter would do with the text as it stands. */
  preview(text: string, context: Context): string
  /** What the text means: intents to send in order, something in the view, or why it can't be taken. */
  read(text: string, context: Context): Meaning
}

export type Meaning =
  | { wrong: string }
  | { send: Intent[]; answers?: string }
  | { view: 'search' | 'filter'; text: string }
  | { next: InputFor }

/** The form of an input line. */
export function inputForm(target: InputFor): InputForm {
  switch (target.is) {
    case 'declare':
      return {
        title: 'New incident',
        label: 'title',
        hint: 'What is down, as users would say it. It starts as sev3; E changes that.',
        preview: () => 'enter declares it and opens its room',
        read: (text) =>
          text.trim()
            ? { send: [{ do: 'declare', title: text.trim() }] }
            : { wrong: 'an incident needs a title' },
      }
    case 'declareFor':
      return {
        title: `New incident with ${target.runbook}`,
        label: 'title',
        hint: 'What is down, as users would say it. The runbook then looks at the hosts; nothing is changed.',
        preview: () => `enter declares it and opens ${target.runbook}`,
        read: (text) =>
          text.trim()
            ? {
                send: [
                  { do: 'declare', title: text.trim() },
                  { do: 'openRunbook', runbook: target.runbook },
                ],
              }
            : { wrong: 'an incident needs a title' },
      }
    case 'note':
      return noteForm
    case 'commandHosts':
      return {
        title: 'Ad hoc command',
        label: 'hosts',
        hint: 'One host or several, with commas. The command comes next, and is recorded like any step.',
        preview: (text, context) =>
          `it would run on ${hostsOf(text).join(', ') || '…'}${unknown(text, context)}`,
        read: (text, context) => {
          const hosts = hostsOf(text)
          if (hosts.length === 0) return { wrong: 'name a host' }
          const wrong = unknown(text, context)
          return wrong ? { wrong: wrong.replace(/^; /, '') } : { next: { is: 'command', hosts } }
        },
      }
    case 'command':
      return {
        title: `Ad hoc command on ${target.hosts.join(', ')}`,
        label: '$',
        hint: 'It runs as you type it, in a shell on each host. Command, exit code and output go to the record.',
        preview: (text) => (text.trim() ? `enter runs it on ${target.hosts.join(', ')}` : 'nothing runs yet'),
        read: (text) =>
          text.trim()
            ? { send: [{ do: 'command', hosts: target.hosts, text: text.trim() }] }
            : { wrong: 'write the command' },
      }
    case 'follow':
      return followForm
    case 'search':
      return {
        title: 'Search this log',
        label: '/',
        hint: 'Words or a regular expression. Capitals count where you type one. n older, N newer.',
        preview: () => 'enter goes to the newest match',
        read: (text) => ({ view: 'search', text }),
      }
    case 'filter':
      return {
        title: 'Find a runbook',
        label: '/',
        hint: 'Words of its name, title, symptoms or steps: paste the error that you see.',
        preview: () => 'enter keeps the list as it is',
        read: (text) => ({ view: 'filter', text }),
      }
    case 'skip':
      return {
        title: 'Skip this step',
        label: 'because',
        hint: 'The reason goes to the record and the postmortem. esc goes back to the question.',
        preview: () => 'enter skips the step; the run goes on with the next',
        read: (text) =>
          text.trim()
            ? {
                send: [{ do: 'skip', request: target.request, reason: text.trim() }],
                answers: target.request,
              }
            : { wrong: 'say why it is skipped' },
      }
    case 'answer':
      return {
        title: 'Answer',
        label: 'answer',
        hint: 'It goes to the record as you write it. esc goes back to the question.',
        preview: () => 'enter goes on; whether it is done is asked next',
        read: (text) =>
          text.trim()
            ? { next: { is: 'answerOk', request: target.request, text: text.trim() } }
            : { wrong: 'write the answer' },
      }
    case 'answerOk':
      return {
        title: 'Is it done, and was it right?',
        label: 'y or n',
        hint: `Your answer: ${target.text}`,
        preview: (text) =>
          isYes(text)
            ? 'enter answers: done'
            : isNo(text)
              ? 'enter answers: not so; the step failed'
              : 'y: it is done; n: not so',
        read: (text) =>
          isYes(text) || isNo(text)
            ? {
                send: [{ do: 'answer', request: target.request, text: target.text, ok: isYes(text) }],
                answers: target.request,
              }
            : { wrong: 'y or n' },
      }
  }
}

const isYes = (text: string) => /^(y|yes)$/i.test(text.trim())
const isNo = (text: string) => /^(n|no)$/i.test(text.trim())

const noteForm: InputForm = {
  title: 'Note',
  label: 'note',
  hint: 'Back-date it with -10m, 22:32 or 22:32-22:41 (UTC) in front.',
  preview(text, context) {
    const note = parseNote(text, new Date(context.state.now))
    if ('wrong' in note) return text.trim() ? note.wrong : 'it goes to the timeline at the time of enter'
    if (note.at === undefined) return 'at the time of enter'
    const until = note.until === undefined ? '' : ` until ${clockOf(note.until)}`
    return `at ${note.at.slice(0, 10)} ${clockOf(note.at)}${until} UTC`
  },
  read(text, context) {
    const note = parseNote(text, new Date(context.state.now))
    return 'wrong' in note ? note : { send: [{ do: 'note', ...note }] }
  },
}

const source = /^(\S+)\s+(unit|pm2|file|compose|run|[a-z][\w-]*):(\S.*)$/

const followForm: InputForm = {
  title: 'Follow a log',
  label: 'follow',
  hint: 'HOST kind:name, such as core-1 pm2:core-backend, edge-1 unit:nginx, edge-1 file:/var/log/x.log',
  preview: (text) => (source.test(text.trim()) ? 'enter follows it' : 'HOST kind:name'),
  read(text, context) {
    const [, host = '', kind = '', name = ''] = source.exec(text.trim()) ?? []
    if (!host) return { wrong: 'say HOST kind:name' }
    const wrong = unknown(host, context)
    return wrong
      ? { wrong: wrong.replace(/^; /, '') }
      : { send: [{ do: 'follow', host, kind, name: name.trim() }] }
  },
}

function hostsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter(Boolean))]
}

/** Which of the hosts is in neither the inventory nor the room; empty where all are. */
function unknown(text: string, { state }: Context): string {
  const known = new Set([
    ...state.home.hosts.map((host) => host.name),
    ...Object.keys(state.room?.hosts ?? {}),
  ])
  const not = hostsOf(text).filter((host) => !known.has(host))
  return not.length > 0 ? `; ${not.join(', ')} is not in the inventory` : ''
}
