/** A verifier as ssh2 calls it: in the middle of the key exchange, before any authentication is sent. */
export type HostVerifier = (key: Buffer) => boolean

/**
 * Makes a verifier that fails closed: only `true`, at once, lets the host in. ssh2 takes a promise for a yes whatever it
 * resolves to, and waits for ever for an answer that does not come; so what throws, and all that is not `true`, is a no.
 */
export function failClosed(judge: (key: Buffer) => unknown): HostVerifier {
  return (key) => {
    try {
      const answer = judge(key)
      // A promise that rejects later must not end the program.
      if (answer instanceof Promise) answer.catch(() => {})
      return answer === true
    } catch {
      return false
    }
  }
}
