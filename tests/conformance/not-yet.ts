/** Rows whose stories do not hold yet, with the reason. Whoever makes one hold takes it out. */
export const notYet: Readonly<Record<string, string>> = {
  '[sig-node] Variable Expansion should fail substituting values in a volume subpath with backticks [Conformance]': 'the message is not upstream’s',
  '[sig-node] Variable Expansion should fail substituting values in a volume subpath with absolute path [Conformance]': 'an absolute path is taken as a relative one',
  '[sig-node] Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle of a container [Conformance] [Slow]': 'an absolute path is taken as a relative one',
}
