import type { Machine } from '../machine.ts'

/** Waits until the host can be asked again, for as long as a lost link is waited for; false where it can't. */
export async function back({ transport, times }: Machine): Promise<boolean> {
  if (transport.back !== undefined) return transport.back(times?.back ?? 0)
  return transport.state().is === 'ready'
}
