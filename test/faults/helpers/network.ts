import { must } from '../../lab/sh.ts'

/** What a firewall does with packets of ours to a host. */
const targets = {
  dropped: ['DROP'],
  reset: ['REJECT', '--reject-with', 'tcp-reset'],
}

/** All packets of ours to a host's sshd meet this, until the work is done. */
export async function withFirewall<T>(
  packets: keyof typeof targets,
  address: string,
  work: () => Promise<T>,
): Promise<T> {
  const rule = ['-d', address, '-p', 'tcp', '--dport', '22', '-j', ...targets[packets]]
  await must(['iptables', '-w', '-I', 'OUTPUT', ...rule])
  try {
    return await work()
  } finally {
    await must(['iptables', '-w', '-D', 'OUTPUT', ...rule])
  }
}
