export { exactInteger, readJson, type Reading } from './json.ts'
export { printYaml, readDocuments, readYaml } from './yaml.ts'
