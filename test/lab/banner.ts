import { connect } from 'node:net'

/** Tells whether an SSH server answers with its banner within a second. */
export function sshBanner(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const done = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1000, () => done(false))
    socket.once('data', (data) => done(data.subarray(0, 4).toString() === 'SSH-'))
    socket.once('error', () => done(false))
    socket.once('close', () => done(false))
  })
}
