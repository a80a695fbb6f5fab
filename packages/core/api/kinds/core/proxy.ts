/** What pods, Services and nodes have besides: requests that go on to them. */
export const proxySubresource = { name: 'proxy', is: 'connect', verbs: ['create', 'delete', 'get', 'patch', 'update'] } as const
