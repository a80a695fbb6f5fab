import { millisOf } from '../../rules/quantity.ts'

/** A quantity of storage in bytes. */
export const bytesOf = (quantity: string | undefined): number => Math.ceil(millisOf(quantity) / 1000)
