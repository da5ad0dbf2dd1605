import ssh2 from 'ssh2'

/** A key pair in OpenSSH's forms. */
export interface KeyPair {
  private: string
  public: string
}

/**
 * Draws an ed25519 key pair. ssh2 1.17's generator strips leading zero bytes of the public half, so that one pair in 256
 * can be read by nobody; such a pair is drawn again.
 */
export function drawKeyPair(comment = ''): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment })
    const halves = [ssh2.utils.parseKey(pair.public), ssh2.utils.parseKey(pair.private)]
    if (!halves.some((half) => half instanceof Error)) return pair
  }
}
