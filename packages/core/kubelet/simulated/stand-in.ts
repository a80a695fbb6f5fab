// What stands for facts of a machine that is not there: always the same for the same name.

/** So many hexadecimal digits made of a text. */
export function digitsOf(text: string, count: number): string {
  let digits = ''
  for (let round = 0; digits.length < count; round++) {
    let hash = 0x811c9dc5 ^ round
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    digits += (hash >>> 0).toString(16).padStart(8, '0')
  }
  return digits.slice(0, count)
}

/** In the form of a UUID. */
export const uuidOf = (text: string): string => digitsOf(text, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

/** The digest of an image. */
export const imageIdOf = (image: string): string => `sha256:${digitsOf(image, 64)}`

/** Its size: 5 to 205 MB. */
export const imageBytesOf = (image: string): number => 5_000_000 + (Number.parseInt(digitsOf(`${image} size`, 8), 16) % 200_000_000)
