import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forPlatform } from './platform.ts'

test('an image for this machine is chosen by system, architecture and variant', () => {
  const chosen = (machine: string, ...platforms: readonly string[]): string | undefined => forPlatform(platforms.map((text) => {
    const [os = '', architecture = '', variant] = text.split('/')
    return { text, ...(text !== 'any' && { platform: { os, architecture, ...(variant !== undefined && { variant }) } }) }
  }), machine)?.text
  const rows: readonly (readonly [machine: string, platforms: readonly string[], chosen: string | undefined])[] = [
    ['amd64', ['linux/arm64', 'linux/amd64'], 'linux/amd64'],
    ['amd64', ['linux/amd64/v3', 'linux/amd64'], 'linux/amd64'],
    ['amd64', ['linux/amd64/v3'], undefined],
    ['amd64', ['windows/amd64', 'unknown/unknown'], undefined],
    ['amd64', ['any', 'linux/amd64'], 'linux/amd64'],
    ['amd64', ['any', 'linux/arm64'], 'any'],
    ['arm64', ['linux/arm/v7', 'linux/arm64/v8'], 'linux/arm64/v8'],
    ['arm', ['linux/arm/v5', 'linux/arm/v7', 'linux/arm/v6'], 'linux/arm/v7'],
    ['arm', ['linux/arm/v5', 'linux/arm/v6'], 'linux/arm/v6'],
    ['arm', ['linux/arm/v8'], undefined],
    ['riscv64', ['linux/riscv64'], 'linux/riscv64'],
  ]
  for (const [machine, platforms, wanted] of rows) assert.equal(chosen(machine, ...platforms), wanted, `${machine}: ${platforms.join(' ')}`)
})
