/** Which of several defaults counts: the newest; of equally old ones the first, which is the first by name in a list. As upstream. */
export function newest<Class extends { readonly metadata: { readonly creationTimestamp: string } }>(classes: Iterable<Class>, isDefault: (each: Class) => boolean): Class | undefined {
  let found: Class | undefined
  for (const each of classes) if (isDefault(each) && (found === undefined || each.metadata.creationTimestamp > found.metadata.creationTimestamp)) found = each
  return found
}
