import { spawn } from 'node:child_process'

/** A stock kubectl on a control plane. */
export interface Kubectl {
  readonly program: string
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  /** Runs `kubectl WORDS` to its end, which must be a success unless it `mayFail`. What it printed. */
  run(words: readonly string[], options?: { readonly input?: string; readonly mayFail?: boolean }): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
}

const timeoutMs = 60_000

/** A stock kubectl for a control plane in this very process: it must not be waited for synchronously. */
export function kubectlOn(program: string, { kubeconfig, folder }: { readonly kubeconfig: string; readonly folder: string }): Kubectl {
  const environment = { ...process.env, HOME: folder, KUBECONFIG: kubeconfig }
  return {
    program, folder, environment,
    run: (words, { input = '', mayFail = false } = {}) => new Promise((resolve, reject) => {
      const run = spawn(program, words, { cwd: folder, env: environment, timeout: timeoutMs })
      let [out, err] = ['', '']
      run.stdout.on('data', (chunk: Buffer) => { out += chunk.toString() })
      run.stderr.on('data', (chunk: Buffer) => { err += chunk.toString() })
      run.on('error', reject)
      run.on('close', (code) => {
        if (code !== 0 && !mayFail) reject(new Error(`kubectl ${words.join(' ')}: ${out}${err}`))
        else resolve({ code, out, err })
      })
      run.stdin.end(input)
    }),
  }
}
