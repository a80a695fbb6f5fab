// A kind of our own that the stock clients work with.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The definition of Boats, which the chart brings along too. */
export const boatDefinition = readFileSync(join(import.meta.dirname, 'chart/crds/boats.yaml'), 'utf8')

/** A boat in the default namespace. */
export const aBoat = (name: string, crew: number, metadata: object = {}): object => ({ apiVersion: 'sea.example.com/v1', kind: 'Boat', metadata: { name, namespace: 'default', ...metadata }, spec: { crew, image: 'sailor:1' } })
