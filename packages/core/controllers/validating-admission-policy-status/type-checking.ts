// Whether the expressions of a policy fit the kinds that it is about, as far as their schemas tell.
import { admissionEnvironment, type CelType, compile, isCompileFault, type SchemaForTypes, typeOfDefinition, typeOfSchema, withVariables } from '../../api/cel/index.ts'
import type { ExpressionWarning, ParamKind } from '../../api/generated/types.ts'
import { builtinKinds } from '../../api/kinds/index.ts'
import { customResourceDefinitions, type ValidatingAdmissionPolicy } from '../../api/resources.ts'
import { loadDefinitions } from '../../api/schema/index.ts'
import type { ClusterView } from '../../api/view.ts'
import { splitVersion } from '../../api/resource.ts'

/** As upstream: of more kinds nobody wants to read. */
const kindsMax = 10

interface Typed { readonly group: string; readonly version: string; readonly kind: string; readonly type: CelType }

/** What does not fit, a warning for each expression. */
export function typeWarnings({ spec }: ValidatingAdmissionPolicy, view: ClusterView): readonly ExpressionWarning[] {
  const kinds = kindsOf(spec, view)
  if (kinds.length === 0) return []
  const params = spec.paramKind === undefined ? undefined : paramType(spec.paramKind, view)
  const environments = kinds.map((each) => {
    const environment = admissionEnvironment({ hasParams: params !== undefined, hasAuthorizer: true, object: each.type, ...(params !== undefined && { params }) })
    return { each, environment: withVariables(environment, spec.variables ?? []).environment }
  })
  const check = (expression: string): string | undefined => {
    const said = environments.flatMap(({ each, environment }) => {
      const program = compile(expression, environment)
      return isCompileFault(program) ? [`${each.group}/${each.version}, Kind=${each.kind}: ${program.fault.replace('compilation failed: ', '')}\n`] : []
    })
    return said.length === 0 ? undefined : said.join('\n')
  }
  return (spec.validations ?? []).flatMap(({ expression = '', messageExpression = '' }, index) => [
    { fieldRef: `spec.validations[${index}].expression`, warning: check(expression) },
    ...(messageExpression === '' ? [] : [{ fieldRef: `spec.validations[${index}].messageExpression`, warning: check(messageExpression) }]),
  ]).flatMap(({ fieldRef, warning }) => (warning === undefined ? [] : [{ fieldRef, warning }]))
}

/** The kinds that the rules name one by one: what they name by '*' is not checked, nor are subresources. */
function kindsOf({ matchConstraints }: ValidatingAdmissionPolicy['spec'], view: ClusterView): readonly Typed[] {
  const found = new Map<string, Typed>()
  for (const { apiGroups = [], apiVersions = [], resources = [] } of matchConstraints?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions].some((each) => each.includes('*'))) continue
    for (const group of apiGroups.toSorted()) for (const version of apiVersions.toSorted()) for (const resource of resources.filter((each) => !/[*/]/.test(each)).toSorted()) {
      if (found.size >= kindsMax) break
      const typed = typeOf(group, version, ({ plural }) => plural === resource, view)
      if (typed !== undefined) found.set(`${group}/${version}/${typed.kind}`, typed)
    }
  }
  return [...found].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, typed]) => typed)
}

function paramType({ apiVersion = '', kind = '' }: ParamKind, view: ClusterView): CelType | undefined {
  const [group, version] = splitVersion(apiVersion)
  return typeOf(group, version, (each) => each.kind === kind, view)?.type
}

function typeOf(group: string, version: string, isIt: (names: { readonly plural: string; readonly kind: string }) => boolean, view: ClusterView): Typed | undefined {
  for (const kind of builtinKinds) {
    const served = kind.served.find((each) => each.group === group && each.version === version)
    if (served !== undefined && isIt(kind)) return { group, version, kind: kind.kind, type: typeOfDefinition(served.definition, loadDefinitions()) }
  }
  for (const { spec } of view.list(customResourceDefinitions)) {
    const schema = spec.group === group && isIt(spec.names) ? spec.versions.find(({ name }) => name === version)?.schema?.openAPIV3Schema : undefined
    // The generated model of a schema leaves items and additionalProperties open; those that are stored have one form.
    const type = schema === undefined ? undefined : typeOfSchema(schema as SchemaForTypes, true)
    if (type !== undefined) return { group, version, kind: spec.names.kind, type }
  }
  return undefined
}
