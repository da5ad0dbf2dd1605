import { hostname, userInfo } from 'node:os'

/** Who is at this console, as events say it: `ana@laptop`. */
export function operatorName(): string {
  let user = process.env.USER ?? 'someone'
  try {
    user = userInfo().username
  } catch {
    // A user without a passwd entry (a container): the environment's word is all there is.
  }
  return `${user}@${hostname().split('.')[0] ?? 'here'}`
}
