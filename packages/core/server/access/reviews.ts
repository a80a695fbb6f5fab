// Kinds that are only questions: posted, answered, never stored.
export interface Review {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}
const review = (group: string, plural: string, kind: string, namespaced = false): Review => ({ group, version: 'v1', plural, kind, namespaced })

export const reviews: readonly Review[] = [
  // The old way to bind a pod: the body says which.
  review('', 'bindings', 'Binding', true),
  review('authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview'),
  review('authentication.k8s.io', 'tokenreviews', 'TokenReview'),
  review('authorization.k8s.io', 'localsubjectaccessreviews', 'LocalSubjectAccessReview', true),
  review('authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview'),
  review('authorization.k8s.io', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview'),
  review('authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview'),
]
export const reviewsOf = (group: string, version: string): readonly Review[] => reviews.filter((each) => each.group === group && each.version === version)
