/** A persistent B+ tree with string keys in code-unit order: every change makes a new map that shares all but one path. */
type Tree<Value> = Leaf<Value> | Branch<Value>
interface Leaf<Value> { readonly leaf: true; readonly keys: readonly string[]; readonly values: readonly Value[] }
/** `keys[i]` is not above any key of `children[i]`, and above all of `children[i - 1]`. */
interface Branch<Value> { readonly leaf: false; readonly keys: readonly string[]; readonly children: readonly Tree<Value>[]; readonly size: number }

const widthMax = 32
const widthMin = 8

const withAt = <Item>(items: readonly Item[], at: number, item: Item): Item[] => { const copy = items.slice(); copy[at] = item; return copy }
// Loops: at these widths they take half the time of splice.
function insertAt<Item>(items: readonly Item[], at: number, item: Item): Item[] {
  const copy = items.slice()
  copy.push(item)
  for (let place = copy.length - 1; place > at; place--) copy[place] = copy[place - 1] as Item
  copy[at] = item
  return copy
}
function removeAt<Item>(items: readonly Item[], at: number): Item[] {
  const copy = items.slice()
  for (let place = at + 1; place < copy.length; place++) copy[place - 1] = copy[place] as Item
  copy.pop()
  return copy
}

/** The first position whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
/** The child that would hold `key`. */
function childAt(keys: readonly string[], key: string): number {
  const at = lowerBound(keys, key)
  return at < keys.length && keys[at] === key ? at : Math.max(0, at - 1)
}
const width = (tree: Tree<unknown>): number => tree.keys.length
/** How many values the tree holds. */
const sizeOf = (tree: Tree<unknown>): number => (tree.leaf ? tree.keys.length : tree.size)
const branch = <Value>(keys: readonly string[], children: readonly Tree<Value>[]): Branch<Value> => ({ leaf: false, keys, children, size: children.reduce((sum, child) => sum + sizeOf(child), 0) })

function insert<Value>(tree: Tree<Value>, key: string, value: Value): readonly Tree<Value>[] {
  if (tree.leaf) {
    const at = lowerBound(tree.keys, key)
    if (tree.keys[at] === key) return [{ leaf: true, keys: tree.keys, values: withAt(tree.values, at, value) }]
    const keys = insertAt(tree.keys, at, key)
    const values = insertAt(tree.values, at, value)
    if (keys.length <= widthMax) return [{ leaf: true, keys, values }]
    // Keys often come in rising order: then leave the left leaf nearly full.
    const cut = at === keys.length - 1 ? widthMax - 2 : keys.length >> 1
    return [{ leaf: true, keys: keys.slice(0, cut), values: values.slice(0, cut) }, { leaf: true, keys: keys.slice(cut), values: values.slice(cut) }]
  }
  const at = childAt(tree.keys, key)
  const child = tree.children[at] as Tree<Value>
  const made = insert(child, key, value)
  const first = made[0] as Tree<Value>
  const lowest = key < (tree.keys[at] as string) ? key : (tree.keys[at] as string)
  let keys = lowest === tree.keys[at] ? tree.keys : withAt(tree.keys, at, lowest)
  let children: readonly Tree<Value>[] = withAt(tree.children, at, first)
  const second = made[1]
  if (second !== undefined) {
    keys = insertAt(keys, at + 1, second.keys[0] as string)
    children = insertAt(children, at + 1, second)
  }
  if (keys.length <= widthMax) return [{ leaf: false, keys, children, size: tree.size - sizeOf(child) + sizeOf(first) + (second === undefined ? 0 : sizeOf(second)) }]
  const cut = keys.length >> 1
  return [branch(keys.slice(0, cut), children.slice(0, cut)), branch(keys.slice(cut), children.slice(cut))]
}

function merge<Value>(left: Tree<Value>, right: Tree<Value>): Tree<Value> {
  if (left.leaf && right.leaf) return { leaf: true, keys: [...left.keys, ...right.keys], values: [...left.values, ...right.values] }
  if (!left.leaf && !right.leaf) return { leaf: false, keys: [...left.keys, ...right.keys], children: [...left.children, ...right.children], size: left.size + right.size }
  throw new Error('a tree is equally deep everywhere')
}

/** Without `key`; the same tree when it is not there, undefined when nothing is left. */
function remove<Value>(tree: Tree<Value>, key: string): Tree<Value> | undefined {
  if (tree.leaf) {
    const at = lowerBound(tree.keys, key)
    if (tree.keys[at] !== key) return tree
    return tree.keys.length === 1 ? undefined : { leaf: true, keys: removeAt(tree.keys, at), values: removeAt(tree.values, at) }
  }
  const at = childAt(tree.keys, key)
  const before = tree.children[at] as Tree<Value>
  const child = remove(before, key)
  if (child === before) return tree
  const size = tree.size - 1
  if (child === undefined) {
    return tree.keys.length === 1 ? undefined : { leaf: false, keys: removeAt(tree.keys, at), children: removeAt(tree.children, at), size }
  }
  if (width(child) < widthMin) {
    const leftAt = at > 0 ? at - 1 : at
    const left = at > 0 ? tree.children[at - 1] : child
    const right = at > 0 ? child : tree.children[at + 1]
    if (left !== undefined && right !== undefined && width(left) + width(right) <= widthMax) {
      return { leaf: false, keys: removeAt(tree.keys, leftAt + 1), children: withAt(removeAt(tree.children, leftAt + 1), leftAt, merge(left, right)), size }
    }
  }
  return { leaf: false, keys: tree.keys, children: withAt(tree.children, at, child), size }
}

function* walk<Value>(tree: Tree<Value>, from: string): Generator<readonly [string, Value]> {
  if (tree.leaf) {
    for (let at = lowerBound(tree.keys, from); at < tree.keys.length; at++) yield [tree.keys[at] as string, tree.values[at] as Value]
    return
  }
  for (let at = childAt(tree.keys, from); at < tree.children.length; at++) yield* walk(tree.children[at] as Tree<Value>, from)
}

const emptyLeaf: Leaf<never> = { leaf: true, keys: [], values: [] }

/** An immutable map in key order. `set` and `delete` cost a path of the tree; a copy costs nothing. */
export class OrderedMap<Value> {
  static readonly #empty: OrderedMap<never> = new OrderedMap<never>(emptyLeaf)
  static empty<Value>(): OrderedMap<Value> { return OrderedMap.#empty }

  readonly #tree: Tree<Value>

  private constructor(tree: Tree<Value>) { this.#tree = tree }

  get size(): number { return sizeOf(this.#tree) }

  get(key: string): Value | undefined {
    let tree = this.#tree
    while (!tree.leaf) tree = tree.children[childAt(tree.keys, key)] as Tree<Value>
    const at = lowerBound(tree.keys, key)
    return tree.keys[at] === key ? tree.values[at] : undefined
  }

  has(key: string): boolean {
    let tree = this.#tree
    while (!tree.leaf) tree = tree.children[childAt(tree.keys, key)] as Tree<Value>
    return tree.keys[lowerBound(tree.keys, key)] === key
  }

  set(key: string, value: Value): OrderedMap<Value> {
    const made = insert(this.#tree, key, value)
    const first = made[0] as Tree<Value>
    const second = made[1]
    return new OrderedMap(second === undefined ? first : branch([first.keys[0] as string, second.keys[0] as string], [first, second]))
  }

  delete(key: string): OrderedMap<Value> {
    let tree: Tree<Value> = remove(this.#tree, key) ?? emptyLeaf
    if (tree === this.#tree) return this
    while (!tree.leaf && tree.children.length === 1) tree = tree.children[0] as Tree<Value>
    return new OrderedMap(tree)
  }

  /** How many keys are below this one, without a walk. */
  countBelow(key: string): number {
    let tree = this.#tree
    let count = 0
    while (!tree.leaf) {
      const at = childAt(tree.keys, key)
      for (let before = 0; before < at; before++) count += sizeOf(tree.children[before] as Tree<Value>)
      tree = tree.children[at] as Tree<Value>
    }
    return count + lowerBound(tree.keys, key)
  }

  /** Entries in key order, from the first key that is not below `from`. */
  entries(from = ''): Iterable<readonly [string, Value]> { return walk(this.#tree, from) }

  *values(from = ''): Iterable<Value> { for (const [, value] of walk(this.#tree, from)) yield value }

  /** Values whose keys start with `prefix`, from the first key that is not below `from`. */
  *startingWith(prefix: string, from = prefix): Iterable<Value> {
    for (const [key, value] of walk(this.#tree, from > prefix ? from : prefix)) {
      if (!key.startsWith(prefix)) return
      yield value
    }
  }
}
