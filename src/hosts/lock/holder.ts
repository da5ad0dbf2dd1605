import type { LockHolder } from '../../model/lock.ts'
import { hashOfResource } from './text.ts'

/** Who holds a lock, from the value of a mark `locked` or `over` of text.ts; the resources are those that were asked for. */
export function holderOf(value: string, resources: readonly string[]): LockHolder {
  const [id = '', hash, running, since = '', by = '', incident = '', step = ''] = value.split('\t')
  // It is typed by people, and shown as it is.
  const lock = /^[0-9A-Za-z-]{1,64}$/.test(id) ? id : 'unnamed'
  const resource = resources.find((name) => hashOfResource(name) === hash) ?? ''
  return { lock, resource, by, incident, step, since, running: running === '1' }
}
