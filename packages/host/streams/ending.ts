import type { Ending } from './types.ts'

/** The Status that tells a client how its command ended, in the form of remotecommand's v4 protocol. */
export function statusOfEnding(ending: Ending): object {
  if (ending.is === 'failed') return { metadata: {}, status: 'Failure', message: ending.message, reason: 'InternalError', code: 500 }
  if (ending.code === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {}, status: 'Failure', reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${ending.code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(ending.code) }] },
  }
}

/** What older protocols write instead: nothing when all is well. */
export const textOfEnding = (ending: Ending): string =>
  ending.is === 'failed' ? ending.message : ending.code === 0 ? '' : `command terminated with non-zero exit code: exit status ${ending.code}`
