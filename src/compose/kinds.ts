import { actions } from '../actions/index.ts'
import { checkKinds } from '../checks/index.ts'
import { logSourceKinds } from '../logs/sources/index.ts'

/** Every action, check and log source that a runbook may name. */
export const kinds = { actions, checks: checkKinds, logSources: logSourceKinds }
