export { type PodResourcesOptions, servePodResources } from './server.ts'
