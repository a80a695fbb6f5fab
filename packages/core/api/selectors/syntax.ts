// The forms that names, label keys and label values must have. Texts as upstream's apimachinery/pkg/util/validation, word for word.

/** A rule for a text: nothing when it holds, else why not, in upstream's words. */
export type TextRule = (text: string) => readonly string[]

const labelMax = 63
const subdomainMax = 253
const qualifiedName = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const label1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

// As upstream since 1.36: names have characters, labels have bytes.
const tooLong = (max: number): string => `must be no more than ${max} characters`
const tooManyBytes = (max: number): string => `must be no more than ${max} bytes`
const qualifiedForm = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const valueForm = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const labelForm = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const label1035Form = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const subdomainForm = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

// Nearly every text is well formed: that is answered first, and with one list for all.
const fine: readonly string[] = []

/** A DNS-1123 subdomain: most names. */
export const checkSubdomain: TextRule = (text) => {
  const isFormed = subdomain.test(text)
  return isFormed && text.length <= subdomainMax ? fine : [...(text.length > subdomainMax ? [tooLong(subdomainMax)] : []), ...(isFormed ? fine : [subdomainForm])]
}
/** A DNS-1123 label: namespaces, containers, volumes. */
export const checkLabelName: TextRule = (text) => text.length <= labelMax && label.test(text) ? fine : [
  ...(text.length > labelMax ? [tooLong(labelMax)] : []),
  ...(label.test(text) ? [] : [subdomain.test(text) ? 'must not contain dots' : labelForm]),
]
/** A DNS-1035 label: services. */
export const checkLabel1035: TextRule = (text) => [
  ...(text.length > labelMax ? [tooLong(labelMax)] : []),
  ...(label1035.test(text) ? [] : [label1035Form]),
]
/** A part of a URL's path: RBAC names. */
export const checkPathSegment: TextRule = (text) => {
  if (text === '.' || text === '..') return [`may not be '${text}'`]
  return ['/', '%'].filter((each) => text.includes(each)).map((each) => `may not contain '${each}'`)
}
/** The key of a label or annotation: 'name' or 'prefix.example.com/name'. */
export const checkLabelKey: TextRule = (text) => {
  if (text.length <= labelMax && qualifiedName.test(text)) return fine
  const parts = text.split('/')
  if (parts.length > 2) {
    return [`a qualified name ${qualifiedForm} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts.at(-1) ?? ''
  const prefix = parts.length === 2 ? parts[0] : undefined
  return [
    ...(prefix === undefined ? [] : prefix === '' ? ['prefix part must be non-empty'] : checkSubdomain(prefix).map((each) => `prefix part ${each}`)),
    ...(name === '' ? ['name part must be non-empty'] : name.length > labelMax ? [`name part ${tooManyBytes(labelMax)}`] : []),
    ...(qualifiedName.test(name) ? [] : [`name part ${qualifiedForm}`]),
  ]
}
/** The value of a label. */
export const checkLabelValue: TextRule = (text) => text.length <= labelMax && labelValue.test(text) ? fine : [
  ...(text.length > labelMax ? [tooManyBytes(labelMax)] : []),
  ...(labelValue.test(text) ? [] : [valueForm]),
]
