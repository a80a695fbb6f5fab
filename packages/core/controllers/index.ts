export * from './runner.ts'
export { replicaSetController } from './replicaset/reconcile.ts'
