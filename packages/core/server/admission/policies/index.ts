export { mutatingAdmissionPolicy } from './mutating.ts'
export { validatingAdmissionPolicy } from './validating.ts'
export { conditionsHold, sightOf, type Sight } from './sight.ts'
