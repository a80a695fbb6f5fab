/** A pod as a client sends it. */
export const aPod = (name: string, more: { readonly labels?: Readonly<Record<string, string>>; readonly spec?: object } = {}) => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', labels: { app: 'bench', ...more.labels } },
  spec: { containers: [{ name: 'main', image: 'nginx:1.27', ports: [{ containerPort: 80 }], resources: { requests: { cpu: '10m', memory: '16Mi' } } }], ...more.spec },
})

/** A ConfigMap of about a kilobyte. */
export const aConfigMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { text: 'x'.repeat(900) } })

export const aDeployment = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: aPod('').spec } },
})

/** A Job whose pods end by themselves at once. */
export const aJob = (name: string, completions: number, parallelism: number) => ({
  apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'default' },
  spec: { completions, parallelism, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox:1.36', command: ['true'] }] } } },
})

export const aCronJob = (name: string, schedule: string) => ({
  apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name, namespace: 'default' }, spec: { schedule, jobTemplate: { spec: aJob('', 1, 1).spec } },
})

export const aStatefulSet = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name, namespace: 'default' },
  spec: { replicas, serviceName: name, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: aPod('').spec } },
})
