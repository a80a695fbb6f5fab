import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerPort, PodSpec } from '../../../generated/types.ts'
import { pullPolicy } from './defaults.ts'
import { warningsOfPodSpec, warningsOfTemplate } from './warnings.ts'

const container = { name: 'a', image: 'web' }
const warned = (spec: Partial<PodSpec>): readonly string[] => warningsOfPodSpec({ containers: [container], ...spec }, 'spec')

test('what upstream warns of in a pod, in its words', () => {
  const twice = (...ports: readonly ContainerPort[]): Partial<PodSpec> => ({ containers: [{ ...container, ports }] })
  const rows: readonly (readonly [Partial<PodSpec>, readonly string[]])[] = [
    [{}, []],
    [{ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] }, ['spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod']],
    [{ volumes: [{ name: 'g', gitRepo: { repository: 'r' } }, { name: 'p', projected: { sources: [{}] } }] }, ['spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+', 'volume "p" (Projected) has no sources provided']],
    [{ hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }], imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}] }, [
      'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"', 'spec.imagePullSecrets[1].name: duplicate name "a"', 'spec.imagePullSecrets[2].name: invalid empty name ""',
    ]],
    [{ containers: [{ ...container, resources: { requests: { memory: '100m', cpu: '100m' } }, env: [{ name: 'A', value: '1' }, { name: 'A', value: '$(A)2' }, { name: 'A', value: '3' }] }] }, [
      'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer', 'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply',
    ]],
    [twice({ containerPort: 80, name: 'http' }, { containerPort: 80, name: 'http' }), [
      'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]', 'spec.containers[0].ports[1]: duplicate port name "http" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
    ]],
    [twice({ containerPort: 80, hostPort: 80 }, { containerPort: 80 }), ['spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]']],
    [twice({ containerPort: 80, hostPort: 80 }, { containerPort: 80, hostPort: 80, hostIP: '10.0.0.1' }), ['spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]']],
    [{ terminationGracePeriodSeconds: -1, affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } } }, [
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
      'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
    ]],
  ]
  for (const [spec, expected] of rows) assert.deepEqual(warned(spec), expected)
})

test('a template is warned of when it is made and when it changes', () => {
  const warn = warningsOfTemplate(({ template }: { readonly template: { readonly spec: PodSpec } }) => template, 'spec.template')
  const written = (seconds: number) => ({ template: { spec: { containers: [container], terminationGracePeriodSeconds: seconds } } })
  assert.deepEqual(warn(written(-1), undefined), ['spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'])
  assert.deepEqual([warn(written(-1), written(-1)), warn(written(-1), written(1)).length], [[], 1])
})

test('images are always pulled when they name no tag or the latest', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['web', 'Always'], ['web:latest', 'Always'], ['localhost:5000/web', 'Always'], ['Registry.example/a/b_c', 'Always'],
    ['web:1', 'IfNotPresent'], ['web@sha256:ab', 'IfNotPresent'], ['Not_A-Name!', 'IfNotPresent'], ['Web', 'IfNotPresent'], ['', 'IfNotPresent'],
  ]
  for (const [image, expected] of rows) assert.equal(pullPolicy(image), expected, image)
})
