import type { Draft } from '../../resource.ts'

/** By storage identity. */
export const apiextensionsExamples: Readonly<Record<string, Draft>> = {
  'apiextensions.k8s.io/customresourcedefinitions': {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'crontabs.stable.example.com' },
    spec: {
      group: 'stable.example.com', scope: 'Namespaced', names: { plural: 'crontabs', kind: 'CronTab', shortNames: ['ct'], categories: ['all'] },
      versions: [{
        name: 'v1', served: true, storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { cronSpec: { type: 'string', default: '* * * * *' }, replicas: { type: 'integer', minimum: 0 } } } } } },
        subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
        additionalPrinterColumns: [{ name: 'Spec', type: 'string', jsonPath: '.spec.cronSpec' }], selectableFields: [{ jsonPath: '.spec.cronSpec' }],
      }],
    },
  },
}
