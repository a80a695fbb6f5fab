/** A fingerprint of 128 bits, 32 hexadecimal digits: four 32-bit multiplicative hashes (FNV-1a with different starts). No secret, no signature. */
export function fingerprint(text: string): string {
  const parts = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    for (let part = 0; part < parts.length; part++) parts[part] = Math.imul((parts[part] ?? 0) ^ (code + part * 131), 0x01000193)
  }
  return parts.map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('')
}
