import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressAt, addressBlock, addressNumber, addressText, blockHolds, blockText, nextFreeAddress, nextFreeBlock, offsetIn } from './addresses.ts'

const block = (text: string) => addressBlock(text) ?? assert.fail(text)

test('addresses are read and written', () => {
  for (const text of ['0.0.0.0', '10.96.0.10', '255.255.255.255']) assert.equal(addressText(addressNumber(text) ?? -1), text)
  for (const text of ['10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.1/8', 'fd00::1', '']) assert.equal(addressNumber(text), undefined)
})

test('a block drops the bits beyond its prefix and knows what it holds', () => {
  assert.equal(blockText(block('10.244.3.7/16')), '10.244.0.0/16')
  assert.equal(addressBlock('10.244.0.0'), undefined)
  assert.equal(addressBlock('10.244.0.0/33'), undefined)
  assert.equal(blockHolds(block('10.96.0.0/12'), '10.111.255.255'), true)
  assert.equal(blockHolds(block('10.96.0.0/12'), '10.112.0.0'), false)
})

test('the next free address skips network, broadcast, reserved and taken ones, and goes on from the last', () => {
  const four = block('10.0.0.0/29')
  const taken = new Set(['10.0.0.3'])
  assert.equal(nextFreeAddress(four, (a) => taken.has(a)), '10.0.0.1')
  assert.equal(nextFreeAddress(four, (a) => taken.has(a), { reserved: 1 }), '10.0.0.2')
  assert.equal(nextFreeAddress(four, (a) => taken.has(a), { reserved: 1, after: '10.0.0.2' }), '10.0.0.4')
  assert.equal(nextFreeAddress(four, (a) => taken.has(a), { reserved: 1, after: '10.0.0.6' }), '10.0.0.2')
  assert.equal(nextFreeAddress(four, () => true), undefined)
  assert.equal(nextFreeAddress(block('10.0.0.0/31'), () => false), undefined)
})

test('the lowest free inner block is given', () => {
  const taken = new Set(['10.244.0.0/24', '10.244.2.0/24'])
  assert.equal(nextFreeBlock(block('10.244.0.0/16'), 24, (b) => taken.has(b)), '10.244.1.0/24')
  assert.equal(nextFreeBlock(block('10.244.0.0/24'), 24, (b) => taken.has(b)), undefined)
})

test('blocks of IPv6 are counted as those of IPv4', () => {
  const pods = block('fd00:10:244::/56')
  assert.deepEqual([blockText(pods), addressAt(pods, 10), offsetIn(pods, 'fd00:10:244::a'), offsetIn(pods, 'fd00:10:245::'), offsetIn(pods, '10.0.0.1')], ['fd00:10:244::/56', 'fd00:10:244::a', 10, undefined, undefined])
  assert.equal(nextFreeBlock(pods, 64, (b) => b === 'fd00:10:244::/64'), 'fd00:10:244:1::/64')
  assert.equal(nextFreeBlock(block('fd00::/64'), 64, () => true), undefined)
  assert.equal(nextFreeAddress(block('fd00:10:244:1::/64'), (a) => a === 'fd00:10:244:1::3', { reserved: 1, after: 'fd00:10:244:1::2' }), 'fd00:10:244:1::4')
})
