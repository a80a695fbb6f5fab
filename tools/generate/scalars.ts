// What the two packages cannot say: definitions that are no object of fields, and fields that refer to them.
import { meta } from './names.ts'

const apiextensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'
export const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
export const time = `${meta}.Time`
export const microTime = `${meta}.MicroTime`
export const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'
export const rawExtension = 'io.k8s.apimachinery.pkg.runtime.RawExtension'
export const fieldsV1 = `${meta}.FieldsV1`
const json = `${apiextensions}.JSON`

/** Definitions without fields, in the notation of definitions.ts: 's' text, 'o' a free object, '?' any value; then the format. */
export const scalars: Readonly<Record<string, string>> = {
  [quantity]: 's quantity',
  [time]: 's date-time',
  [microTime]: 's date-time-micro',
  [intOrString]: 's int-or-string',
  [rawExtension]: 'o',
  [fieldsV1]: 'o',
  [`${meta}.Patch`]: 'o',
  [json]: '?',
  [`${apiextensions}.JSONSchemaPropsOrArray`]: '?',
  [`${apiextensions}.JSONSchemaPropsOrBool`]: '?',
  [`${apiextensions}.JSONSchemaPropsOrStringArray`]: '?',
}

/** Objects that have no fields yet. */
export const emptyObjects: readonly string[] = [
  'io.k8s.api.apiserverinternal.v1alpha1.StorageVersionSpec', 'io.k8s.api.scheduling.v1alpha2.BasicSchedulingPolicy',
  `${apiextensions}.CustomResourceSubresourceStatus`,
]

/** What a field of type 'any' in the client refers to, where it is not a RawExtension: by 'definition.field'. */
export const anyFields: Readonly<Record<string, string>> = {
  [`${meta}.ManagedFieldsEntry.fieldsV1`]: fieldsV1,
  [`${apiextensions}.CustomResourceSubresources.status`]: `${apiextensions}.CustomResourceSubresourceStatus`,
  [`${apiextensions}.JSONSchemaProps.additionalItems`]: `${apiextensions}.JSONSchemaPropsOrBool`,
  [`${apiextensions}.JSONSchemaProps.additionalProperties`]: `${apiextensions}.JSONSchemaPropsOrBool`,
  [`${apiextensions}.JSONSchemaProps.default`]: json,
  [`${apiextensions}.JSONSchemaProps.example`]: json,
  [`${apiextensions}.JSONSchemaProps.enum`]: json,
  [`${apiextensions}.JSONSchemaProps.dependencies`]: `${apiextensions}.JSONSchemaPropsOrStringArray`,
  [`${apiextensions}.JSONSchemaProps.items`]: `${apiextensions}.JSONSchemaPropsOrArray`,
  'io.k8s.api.apiserverinternal.v1alpha1.StorageVersion.spec': 'io.k8s.api.apiserverinternal.v1alpha1.StorageVersionSpec',
  'io.k8s.api.scheduling.v1alpha2.PodGroupSchedulingPolicy.basic': 'io.k8s.api.scheduling.v1alpha2.BasicSchedulingPolicy',
}

/** Kinds of the machinery without the usual metadata, served in the core group's version only. */
export const bareKinds: readonly string[] = ['APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions']
/** Kinds that every group version accepts as its own. */
export const sharedKinds: readonly string[] = ['DeleteOptions', 'WatchEvent']
/** Group versions that upstream registers and has no definitions of any more; the shared kinds are accepted in them too. */
export const pastVersions: readonly string[] = [
  'admission.k8s.io/v1', 'admission.k8s.io/v1beta1', 'apiextensions.k8s.io/v1beta1', 'apiregistration.k8s.io/v1beta1', 'apps/v1beta1', 'apps/v1beta2',
  'authentication.k8s.io/v1alpha1', 'authentication.k8s.io/v1beta1', 'authorization.k8s.io/v1beta1', 'batch/v1beta1', 'discovery.k8s.io/v1beta1',
  'events.k8s.io/v1beta1', 'extensions/v1beta1', 'flowcontrol.apiserver.k8s.io/v1beta1', 'flowcontrol.apiserver.k8s.io/v1beta2',
  'flowcontrol.apiserver.k8s.io/v1beta3', 'imagepolicy.k8s.io/v1alpha1', 'node.k8s.io/v1alpha1', 'node.k8s.io/v1beta1', 'policy/v1beta1',
  'rbac.authorization.k8s.io/v1alpha1', 'rbac.authorization.k8s.io/v1beta1', 'scheduling.k8s.io/v1beta1', 'storage.k8s.io/v1alpha1',
]
