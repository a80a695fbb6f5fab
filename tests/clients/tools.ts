// Clients that a machine may have or lack: where they are, or why they are missing.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export type Tool = { readonly is: 'there'; readonly program: string } | { readonly is: 'missing'; readonly why: string }

function onPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** The program that a variable names, or the one on PATH. */
export function tool(variable: string, name: string): Tool {
  const named = process.env[variable]
  if (named !== undefined && named !== '') return existsSync(named) ? { is: 'there', program: named } : { is: 'missing', why: `${variable} names ${named}, which is not there` }
  const found = onPath(name)
  return found === undefined ? { is: 'missing', why: `no ${name} on PATH, and ${variable} names none` } : { is: 'there', program: found }
}

/** The operator of this folder: built before the tests, because that takes minutes on a fresh machine. */
export function operator(): Tool {
  const named = process.env['SKIFF_TEST_OPERATOR']
  if (named !== undefined && named !== '' && existsSync(named)) return { is: 'there', program: named }
  return { is: 'missing', why: 'SKIFF_TEST_OPERATOR names no build of tests/clients/operator (go build -o FILE .)' }
}

/** A Python that has its official client. */
export function python(): Tool {
  const program = process.env['SKIFF_TEST_PYTHON'] ?? 'python3'
  const has = spawnSync(program, ['-c', 'import kubernetes'], { timeout: 60_000 }).status === 0
  return has ? { is: 'there', program } : { is: 'missing', why: `${program} has no module kubernetes: SKIFF_TEST_PYTHON may name one that has` }
}
