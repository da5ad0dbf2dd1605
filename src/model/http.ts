export { answerEvidence, type HttpAnswer, type HttpResponse, parseAnswer } from './http/answer.ts'
export { type Compared, compareAnswer, describeExpect, type HttpExpect } from './http/expect.ts'
export { type HttpParams, httpParams, onlyLooks, requestOf } from './http/params.ts'
export { curlCommand, curlConfig, describeRequest } from './http/request.ts'
