import assert from 'node:assert/strict'
import { test } from 'node:test'
import { warningsOfScript } from './scripts.ts'

const warned = (annotations: Readonly<Record<string, string>>): readonly string[] => warningsOfScript({ annotations }, { containers: [{ name: 'main', image: 'x' }] }, 'metadata.annotations')

test('a script that says what can be understood is not warned of', () => {
  assert.deepEqual(warned({
    'skiff.dev/run-for': '2s,forever', 'skiff.dev/exit-code.main': '1', 'skiff.dev/out-of-memory': 'false,true', 'skiff.dev/vary': '10%', 'skiff.dev/log': 'every 5s x', 'skiff.dev/exec.cat': 'y',
    'skiff.dev/cpu': '100m, 2m=sine(100m..1.5/10m)~10%', 'skiff.dev/memory': 'ramp(64Mi..1Gi/1h)', 'skiff.dev/metric.queue': '5', 'example.com/other': 'z',
  }), [])
})

test('what counts for nothing is told, with what was expected', () => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['skiff.dev/run-for', '2s,soon', /^metadata.annotations\[skiff.dev\/run-for\]: "soon" is no duration such as 250ms, 5s or 1m30s; it counts for nothing$/],
    ['skiff.dev/exit-code', '256', /"256" is no exit code from 0 to 255/],
    ['skiff.dev/exit-code.other', '1', /there is no container "other" here/],
    ['skiff.dev/out-of-memory', 'yes', /"yes" is neither true nor false/],
    ['skiff.dev/vary', '10', /"10" is no share such as 10%/],
    ['skiff.dev/cpu', 'much', /"much" is neither a quantity such as 250m nor sine/],
    ['skiff.dev/cpu', '100m,soon=1', /"soon" is no duration/],
    ['skiff.dev/cpu', 'ramp(1..2/soon)', /"soon" is no duration/],
    ['skiff.dev/ready', '5s', /nothing is known by that name: expected one of start-delay, run-for, /],
  ]
  for (const [key, value, expected] of rows) assert.match(warned({ [key]: value }).join('\n'), expected, key)
})
