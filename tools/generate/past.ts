// Versions that are gone from the packages, for clients that still ask for them: facts, reviewed by hand. Each of their definitions is
// that of a version that is left, without some fields and with others under the names they had; what it refers to is of its own
// version where this list has that.
import { promoted } from './promoted.ts'

/** One definition that is another's, but for these fields. */
export interface Derived { readonly name: string; readonly origin: string; readonly without: readonly string[]; readonly renamed: Readonly<Record<string, string>> }

const unchanged = { without: [], renamed: {} } as const
const discovery = (definition: string): Pick<Derived, 'name' | 'origin'> => ({ name: `io.k8s.api.discovery.v1beta1.${definition}`, origin: `io.k8s.api.discovery.v1.${definition}` })

/** kubectl describes EndpointSlices in v1beta1 up to 1.20. Zones stood in the topology then. */
export const past: readonly Derived[] = [
  { ...discovery('EndpointSlice'), ...unchanged },
  { ...discovery('EndpointSliceList'), ...unchanged },
  { ...discovery('Endpoint'), without: ['zone'], renamed: { deprecatedTopology: 'topology' } },
]

/** All definitions that are made from others. */
export const derived: readonly Derived[] = [...promoted.map((each) => ({ ...each, renamed: {} })), ...past]
