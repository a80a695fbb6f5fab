export { Faults, type Fields, isRecord, record } from './fields.ts'
export { exactInteger, readJson, type Reading } from './json.ts'
export { shownText } from './shown.ts'
export { printYaml, readDocuments, readYaml } from './yaml.ts'
