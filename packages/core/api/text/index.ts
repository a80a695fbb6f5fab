export { exactInteger, readJson, type Reading } from './json.ts'
export { readDocuments, readYaml } from './yaml.ts'
