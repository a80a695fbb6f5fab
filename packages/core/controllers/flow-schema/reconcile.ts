// Says of every flow schema whether its priority level is there. Behaviour: kube-apiserver's own priority-and-fairness controller.
import { type Controller, flowSchemas, keyOf, priorityLevelConfigurations } from '../../api/index.ts'
import { setCondition } from '../../rules/conditions.ts'
import { settled } from '../settled.ts'

/** A key is a schema's name. Levels come and go rarely, and few schemas are there: all that name one are looked at again. */
export const flowSchemaController: Controller = {
  name: 'api-priority-and-fairness-config-consumer-v1',
  watches: [
    { resource: flowSchemas.resource, affected: ({ key, after }) => (after === undefined ? [] : [key.name]) },
    {
      resource: priorityLevelConfigurations.resource,
      affected: ({ key, before, after }, view) => (before !== undefined && after !== undefined ? [] : [...view.list(flowSchemas)].filter(({ spec }) => spec.priorityLevelConfiguration.name === key.name).map(({ metadata }) => metadata.name)),
    },
  ],
  reconcile: (name, { view, now }) => {
    const schema = view.get(flowSchemas, '', name)
    if (schema === undefined) return settled
    const level = schema.spec.priorityLevelConfiguration.name
    const found = view.get(priorityLevelConfigurations, '', level) !== undefined
    const before = (schema.status.conditions ?? []).map(({ type = '', status = '', ...rest }) => ({ type, status, ...rest }))
    const conditions = setCondition(before, {
      type: 'Dangling', status: found ? 'False' : 'True', reason: found ? 'Found' : 'NotFound',
      message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} ${found ? 'and it exists' : 'but there is no such object'}`,
    }, now)
    if (conditions === before) return settled
    return { actions: [{ do: 'patch', key: keyOf(flowSchemas, schema), uid: schema.metadata.uid, part: 'status', patch: { metadata: { resourceVersion: schema.metadata.resourceVersion }, status: { conditions } } }] }
  },
}
