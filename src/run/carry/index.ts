import type { Change } from '../../model/action.ts'
import { SitrepError } from '../../model/errors.ts'
import type { CarryOut } from '../context.ts'
import { notCarriedOut, runJob } from './job.ts'
import { carryLink } from './link.ts'
import { carryPut } from './put.ts'
import { carryRemove } from './remove.ts'
import { requestCommand } from './request.ts'

/**
 * Carries out one change as one job with this id. Every kind of change ends in `runJob`, so each starts at most once,
 * is journaled before its traces leave the host, and can be cancelled. A question is not carried out: the runner asks.
 */
export const carryOut: CarryOut = async (change, id, deps) => {
  if ('run' in change) return runJob(deps.session, id, withUser(change.run, change), deps)
  if ('local' in change) return runJob(deps.local, id, change.local, deps)
  if ('put' in change) return carryPut(change.put, change.as, id, deps)
  if ('remove' in change) return carryRemove(change.remove, change.as, id, deps)
  if ('link' in change) return carryLink(change.link, change.as, id, deps)
  if ('request' in change) {
    const command = requestCommand(change.request)
    if (command instanceof SitrepError) return notCarriedOut(deps, 'exit', command.message, 'no')
    if (change.request.from === 'operator') return runJob(deps.local, id, command, deps)
    return runJob(deps.session, id, withUser(command, change), deps)
  }
  throw new Error(`a question is asked by the runner, not carried out: ${change.say}`)
}

function withUser<T extends { as?: string }>(command: T, change: Change): T {
  return command.as !== undefined || change.as === undefined ? command : { ...command, as: change.as }
}
