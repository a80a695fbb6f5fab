// The client's models lack the group in their names. Gives each its name in the published schema: 'io.k8s.api.core.v1.Pod'.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Model } from './models.ts'

/** Where the definitions of a group live, and how the group is called on the wire. */
export interface Package { readonly name: string; readonly group: string; readonly api: string }

const builtIn = (name: string, group: string, api: string = name): Package => ({ name: `io.k8s.api.${name}`, group, api })
/** `api` is what the client calls the group in the names of its modules: 'Apps' in AppsV1Api. */
export const packages: readonly Package[] = [
  builtIn('core', ''),
  builtIn('admissionregistration', 'admissionregistration.k8s.io'),
  { name: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions', group: 'apiextensions.k8s.io', api: 'apiextensions' },
  { name: 'io.k8s.kube-aggregator.pkg.apis.apiregistration', group: 'apiregistration.k8s.io', api: 'apiregistration' },
  builtIn('apiserverinternal', 'internal.apiserver.k8s.io', 'internalApiserver'),
  builtIn('apps', 'apps'),
  builtIn('authentication', 'authentication.k8s.io'),
  builtIn('authorization', 'authorization.k8s.io'),
  builtIn('autoscaling', 'autoscaling'),
  builtIn('batch', 'batch'),
  builtIn('certificates', 'certificates.k8s.io'),
  builtIn('coordination', 'coordination.k8s.io'),
  builtIn('discovery', 'discovery.k8s.io'),
  builtIn('events', 'events.k8s.io'),
  builtIn('flowcontrol', 'flowcontrol.apiserver.k8s.io', 'flowcontrolApiserver'),
  builtIn('networking', 'networking.k8s.io'),
  builtIn('node', 'node.k8s.io'),
  builtIn('policy', 'policy'),
  builtIn('rbac', 'rbac.authorization.k8s.io', 'rbacAuthorization'),
  builtIn('resource', 'resource.k8s.io'),
  builtIn('scheduling', 'scheduling.k8s.io'),
  builtIn('storage', 'storage.k8s.io'),
  builtIn('storagemigration', 'storagemigration.k8s.io'),
]
export const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

const upper = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

/** 'V1beta1PodSpec' → prefix '', version 'v1beta1', kind 'PodSpec'. */
function parts(model: string): { readonly prefix: string; readonly version: string; readonly kind: string } | undefined {
  const found = /^([A-Z][a-z]+)??V(\d+(?:(?:alpha|beta)\d+)?)([A-Z]\w*)$/.exec(model)
  return found ? { prefix: (found[1] ?? '').toLowerCase(), version: `v${found[2]}`, kind: found[3] ?? '' } : undefined
}

const referred = (type: string): string => type.replace(/^(?:Array|Set)</, '').replace(/^\{ \[key: string\]: /, '').replace(/(?:>|; \})+$/, '').replace(/^Array</, '')

/**
 * Names of all models. First what kubernetes-models says (its folders are the groups); where it is silent or says two
 * things, the group whose API module leads to the model: directly, or through another model's field.
 */
export function nameModels(models: ReadonlyMap<string, Model>, folders: { readonly apis: string; readonly published: string; readonly machinery: string }): ReadonlyMap<string, string> {
  const published = readPublished(folders.published)
  const machinery = new Set(readdirSync(join(folders.machinery, 'apis/meta/v1')).map((file) => file.replace(/\..*$/, '')))
  const names = new Map<string, string>([['VersionInfo', 'io.k8s.apimachinery.pkg.version.Info'], ['V1GroupResource', `${meta}.GroupResource`]])
  const open: string[] = []
  for (const model of models.keys()) {
    const part = parts(model)
    if (!part || names.has(model)) continue
    const owner = packages.find((each) => part.prefix !== '' && each.name.split('.').pop() === part.prefix)
    const candidates = published.get(`${part.version}.${part.kind}`) ?? []
    if (owner) names.set(model, `${owner.name}.${part.version}.${part.kind}`)
    else if (part.version === 'v1' && machinery.has(part.kind) && candidates.length === 0) names.set(model, `${meta}.${part.kind}`)
    else if (candidates.length === 1 && candidates[0]) names.set(model, `${candidates[0].name}.${part.version}.${part.kind}`)
    else open.push(model)
  }
  reach(models, names, new Set(open), folders.apis)
  return names
}

function reach(models: ReadonlyMap<string, Model>, names: Map<string, string>, open: Set<string>, apis: string): void {
  const visit = (model: string, owner: Package): void => {
    if (!open.delete(model)) return
    const part = parts(model)
    if (part) names.set(model, `${owner.name}.${part.version}.${part.kind}`)
    for (const attribute of models.get(model)?.attributes ?? []) visit(referred(attribute.type), owner)
  }
  // From what is named already, then from each group's API module.
  for (const [model, name] of names) {
    const owner = packages.find((each) => name.startsWith(`${each.name}.`))
    if (owner) for (const attribute of models.get(model)?.attributes ?? []) {
      const target = referred(attribute.type)
      if (parts(target)?.version === parts(model)?.version) visit(target, owner)
    }
  }
  for (const owner of packages) {
    for (const file of readdirSync(apis).filter((each) => new RegExp(`^${upper(owner.api)}V\\d\\w*Api\\.d\\.ts$`).test(each)).sort()) {
      const version = /V(\d\w*)Api/.exec(file)?.[1] ?? ''
      for (const [, model = ''] of readFileSync(join(apis, file), 'utf8').matchAll(/^import \{ (\w+) \} from '\.\.\/models\//gm)) {
        if (parts(model)?.version === `v${version}`) visit(model, owner)
      }
    }
  }
  if (open.size > 0) throw new Error(`no group found for ${[...open].join(', ')}`)
}

/** 'v1.PodSpec' → the packages that have it, by the folders of kubernetes-models. */
function readPublished(root: string): ReadonlyMap<string, readonly Package[]> {
  const found = new Map<string, Package[]>()
  const look = (folder: string, owner: Package, version: string): void => {
    for (const file of readdirSync(folder)) {
      if (!file.endsWith('.d.ts') || file === 'index.d.ts') continue
      const key = `${version}.${file.replace('.d.ts', '')}`
      found.set(key, [...(found.get(key) ?? []), owner])
    }
  }
  for (const owner of packages) {
    const folder = owner.group === '' ? root : join(root, owner.group)
    if (!statSync(folder, { throwIfNoEntry: false })) continue
    for (const version of readdirSync(folder)) if (/^v\d/.test(version)) look(join(folder, version), owner, version)
  }
  return found
}
