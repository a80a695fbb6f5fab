import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import { run } from '../../linux/processes.ts'

/** What is done with the directories of provisioned volumes: one is filled from another, or removed. */
export interface VolumeWork { readonly do: 'provision' | 'unprovision'; readonly path: string; /** '' when it is removed. */ readonly from: string }

/** Does such work below one directory, and tells `{ done: true }`, or `{ error }`: then it is to be tried again. What is not here is nothing to do. */
export function volumeWorker(volumesBelow: string): (work: VolumeWork) => Promise<{ readonly done: true } | { readonly error: string }> {
  const underWay = new Map<string, Promise<{ readonly done: true } | { readonly error: string }>>()
  // Only what was provisioned here goes: an object in the API must not be able to name any other directory, nor lead through a link that a pod has made.
  const own = (named: string): string => {
    const path = resolve(named)
    if (dirname(path) !== resolve(volumesBelow)) throw new Error(`${path} is no volume in ${volumesBelow}: it stays`)
    return path
  }
  const carryOut = async (work: VolumeWork): Promise<{ readonly done: true } | { readonly error: string }> => {
    try {
      if (work.do === 'provision') await copyVolume(own(work.from), own(work.path))
      else await rm(own(work.path), { recursive: true, force: true })
      return { done: true }
    } catch (error) { return { error: wordsOf(error) } } // told, and asked for again
  }
  return (work) => {
    // Whoever asks again before it is done waits for the same.
    const id = JSON.stringify(work)
    const running = underWay.get(id) ?? carryOut(work).finally(() => { underWay.delete(id) })
    underWay.set(id, running)
    return running
  }
}

/** Copies a volume, sharing blocks where the file system can. What was written last is in it, as after a power cut. */
async function copyVolume(from: string, path: string): Promise<void> {
  // What nobody has used yet is made when somebody does; so is its copy.
  if (!existsSync(from) || existsSync(path)) return
  const half = `${path}.half`
  await rm(half, { recursive: true, force: true })
  await run('sync', [])
  const { code, stderr } = await run('cp', ['--archive', '--reflink=auto', '--sparse=always', '--no-target-directory', from, half])
  if (code !== 0) throw new Error(`cannot copy the volume: ${stderr.trim()}`)
  await rename(half, path)
}
