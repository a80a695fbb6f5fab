import type { Refusal } from '../api/refusal.ts'

/** Was it refused because its namespace is going away? */
export const isOfEndingNamespace = (refusal: Refusal | undefined): boolean => refusal?.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true

/** Conflicts and the like are about objects that a controller changes; a create is refused for other reasons. As upstream, none is told of while its namespace goes away. */
export const isCreateFailure = (refusal: Refusal): boolean => !['Conflict', 'NotFound', 'AlreadyExists'].includes(refusal.reason) && !isOfEndingNamespace(refusal)
