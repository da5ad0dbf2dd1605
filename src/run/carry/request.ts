import type { HttpRequest } from '../../model/action.ts'
import type { Command } from '../../model/command.ts'
import { SitrepError } from '../../model/errors.ts'
import { curlCommand } from '../../model/http.ts'

/**
 * The curl command of one request; all of it, secrets included, goes on stdin. A status of 400 or more is no failure of
 * curl: the step's verification judges it. A request that can't be sent as it is gives a SitrepError as its value.
 */
export function requestCommand(request: HttpRequest): Command | SitrepError {
  try {
    return curlCommand(request)
  } catch (error) {
    if (error instanceof SitrepError) return error
    throw error
  }
}
