import type { CheckKind } from '../model/check.ts'
import {
  answerEvidence,
  compareAnswer,
  curlCommand,
  type HttpParams,
  httpParams,
  onlyLooks,
  parseAnswer,
  requestOf,
} from '../model/http.ts'

/** An HTTP request by curl, from the host or from the operator's machine, and what its answer has to be. */
export const check: CheckKind<HttpParams> = {
  kind: 'http',
  summary: 'Makes an HTTP request from the host or from this machine and looks at the answer.',
  params: httpParams,
  example: 'url: http://127.0.0.1:3002/health\nexpect: { status: 200 }\n',
  effect: (p) => (onlyLooks(p) ? 'observe' : 'probe'),
  request: requestOf,
  async observe({ reader, local, text, signal }, p) {
    const request = requestOf(p)
    const where = p.from === 'operator' ? local : reader
    const result = await where.run(curlCommand(request), signal === undefined ? {} : { signal })
    const answer = parseAnswer(result, request.timeoutMs, text)
    const { ok, expected, observed } = compareAnswer(p.expect, answer, text)
    if (answer.is === 'answered') {
      const { response } = answer
      return {
        verdict: ok ? 'ok' : 'failed',
        expected,
        observed,
        ms: response.ms,
        evidence: answerEvidence(response, text),
      }
    }
    const evidence = answer.detail === '' ? {} : { evidence: answer.detail }
    return { verdict: answer.is, expected, observed: placed(observed, p), ms: answer.ms, ...evidence }
  },
}

/** Says which machine it was, where that is the point. */
function placed(observed: string, p: HttpParams): string {
  if (observed !== 'there is no curl') return observed
  return p.from === 'operator' ? 'there is no curl on this machine' : 'there is no curl on the host'
}
