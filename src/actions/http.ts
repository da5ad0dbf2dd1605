import type { Action, Plan, Verdict } from '../model/action.ts'
import type { RunResult } from '../model/command.ts'
import {
  answerEvidence,
  compareAnswer,
  curlCommand,
  describeExpect,
  describeRequest,
  type HttpParams,
  httpParams,
  onlyLooks,
  parseAnswer,
  requestOf,
} from '../model/http.ts'
import type { ToText } from '../model/said.ts'

/** What a request that only looks came back with; nothing for one that has effects. */
interface Facts {
  asked: boolean
  verdict?: 'ok' | 'failed' | 'unknown'
  observed?: string
  evidence?: string
}

function judge(p: HttpParams, result: RunResult, text: ToText): Required<Omit<Facts, 'asked'>> {
  const answer = parseAnswer(result, requestOf(p).timeoutMs, text)
  const { ok, observed } = compareAnswer(p.expect, answer, text)
  if (answer.is === 'answered')
    return { verdict: ok ? 'ok' : 'failed', observed, evidence: answerEvidence(answer.response, text) }
  return { verdict: answer.is, observed, evidence: answer.detail }
}

function plan(p: HttpParams, facts: Facts): Plan {
  const request = requestOf(p)
  const line = describeRequest(request)
  if (!facts.asked) {
    return {
      outcome: 'would_change',
      because: `${line} is sent every time; expects ${describeExpect(p.expect)}`,
      changes: [
        {
          do: { say: line, request },
          undo: { impossible: 'a request that was sent can not be called back' },
        },
      ],
    }
  }
  if (facts.verdict === 'ok')
    return { outcome: 'in_sync', because: `${line} answers ${facts.observed}`, changes: [] }
  return {
    outcome: 'cannot_tell',
    because: `${line}: ${facts.observed}, expected ${describeExpect(p.expect)}`,
    changes: [],
  }
}

function verdictOf(p: HttpParams, result: RunResult, text: ToText): Verdict {
  const { verdict, observed, evidence } = judge(p, result, text)
  const reason =
    verdict === 'ok' ? `answered ${observed}` : `${observed}, expected ${describeExpect(p.expect)}`
  return { verdict, reason, ...(evidence === '' ? {} : { evidence: [evidence] }) }
}

/** One HTTP request as a step. GET, HEAD and OPTIONS are asked at every look; another method is sent once, as the change. */
export const action: Action<HttpParams, Facts> = {
  name: 'http',
  summary: 'Makes an HTTP request and looks at the answer.',
  risk: (p) => (onlyLooks(p) ? 'observe' : 'change'),
  params: httpParams,
  example: 'url: http://127.0.0.1:3002/health\nexpect: { status: 200, json: { $.status: ok } }\n',
  settle: 0,
  within: 10,
  locks: () => [],
  async inspect(host, p, around) {
    if (!onlyLooks(p)) return { asked: false }
    const where = p.from === 'operator' ? around.local : host
    return { asked: true, ...judge(p, await where.run(curlCommand(requestOf(p))), around.text) }
  },
  plan,
  async verify(host, p, { applied, around }) {
    const sent = applied.at(-1)
    if (!onlyLooks(p)) {
      if (sent === undefined) return { verdict: 'unknown', reason: 'the request was not sent' }
      return verdictOf(p, sent, around.text)
    }
    const where = p.from === 'operator' ? around.local : host
    return verdictOf(p, await where.run(curlCommand(requestOf(p))), around.text)
  },
}
