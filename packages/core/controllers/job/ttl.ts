// Finished Jobs go when their time to live is over. Behaviour: kube-controller-manager's ttl-after-finished-controller.
import { type Controller, jobs, keyOf } from '../../api/index.ts'
import { sidesOf } from '../../rules/changes.ts'
import { isTerminating } from '../../rules/pods.ts'
import { namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'
import { isFinished } from './ending.ts'
import { finishTime } from './reconcile.ts'

export const ttlAfterFinishedController: Controller = {
  name: 'ttl-after-finished-controller',
  watches: [{
    resource: jobs.resource,
    affected: (change) => {
      const job = sidesOf(jobs, change)?.after
      return job?.spec.ttlSecondsAfterFinished !== undefined && isFinished(job) ? ownKey(change) : []
    },
  }],
  reconcile(key, { view, now }) {
    const job = view.get(jobs, ...namesOf(key))
    const ended = job && finishTime(job)
    if (job?.spec.ttlSecondsAfterFinished === undefined || ended === undefined || isTerminating(job)) return settled
    const due = ended + job.spec.ttlSecondsAfterFinished * 1000
    return due > now ? { actions: [], again: due } : { actions: [{ do: 'delete', key: keyOf(jobs, job), uid: job.metadata.uid, propagation: 'Foreground' }] }
  },
}
