export * from '../rules/addresses.ts'
export { answerTtl, authorityOf, dnsAnswer } from './dns.ts'
export { routedServices, routesDifference, routesOfService, serviceRoutes } from './routes.ts'
export * from './types.ts'
