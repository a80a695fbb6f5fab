import { type Faults, type Fields, record } from '../../api/text/index.ts'
import { isExtended } from '../../api/kinds/core/resourcenames.ts'
import { goDurationMs } from '../../base/duration.ts'
import type { Extender, ExtenderTls } from './extender.ts'

/** As upstream's default. */
const timeoutMs = 5000
const flags = ['enableHTTPS', 'nodeCacheCapable', 'ignorable'] as const
const verbs = ['filterVerb', 'prioritizeVerb', 'preemptVerb', 'bindVerb'] as const

/** The extenders of a configuration, and the resources that they count and the scheduler does not. */
export function readExtenders(given: Fields, faults: Faults): { readonly extenders: readonly Extender[]; readonly ignored: readonly string[] } {
  const managed = new Set<string>()
  const ignored: string[] = []
  const extenders = faults.items(given, 'extenders', '').map((each, at): Extender => {
    const path = `extenders[${at}]`
    faults.onlyThese(each, path, ['urlPrefix', ...verbs, 'weight', 'httpTimeout', 'tlsConfig', 'managedResources', ...flags])
    const [filterVerb = '', prioritizeVerb = '', preemptVerb = '', bindVerb = ''] = verbs.map((verb) => faults.text(each, verb, path, ''))
    const weight = faults.whole(each, 'weight', path, 0)
    if (prioritizeVerb !== '' && weight <= 0) faults.invalid(`${path}.weight`, weight, 'must have a positive weight applied to it')
    const names = faults.items(each, 'managedResources', path).map((resource, index) => {
      const here = `${path}.managedResources[${index}]`
      faults.onlyThese(resource, here, ['name', 'ignoredByScheduler'])
      const name = faults.text(resource, 'name', here, '')
      if (!isExtended(name)) faults.invalid(`${here}.name`, name, 'is an invalid extended resource name')
      if (managed.has(name)) faults.invalid(`${here}.name`, name, 'duplicate extender managed resource name')
      managed.add(name)
      if (resource['ignoredByScheduler'] === true) ignored.push(name)
      return name
    })
    const tls = tlsIn(each, path, faults)
    return {
      urlPrefix: faults.text(each, 'urlPrefix', path, ''), filterVerb, prioritizeVerb, preemptVerb, bindVerb, weight, timeoutMs: timeoutIn(each, path, faults), ...(tls !== undefined && { tls }),
      nodeCacheCapable: each['nodeCacheCapable'] === true, managedResources: new Set(names), ignorable: each['ignorable'] === true,
    }
  })
  const binders = extenders.filter(({ bindVerb }) => bindVerb !== '').length
  if (binders > 1) faults.invalid('extenders', `found ${binders} extenders implementing bind`, 'only one extender can implement bind')
  return { extenders, ignored }
}

function timeoutIn(given: Fields, path: string, faults: Faults): number {
  const text = faults.text(given, 'httpTimeout', path, '')
  if (text === '') return timeoutMs
  const ms = goDurationMs(text)
  if (ms === undefined) faults.invalid(`${path}.httpTimeout`, text, 'expected a duration')
  return ms === undefined || ms === 0 ? timeoutMs : ms
}

const tlsTexts = ['serverName', 'certFile', 'keyFile', 'caFile', 'certData', 'keyData', 'caData'] as const
function tlsIn(given: Fields, path: string, faults: Faults): ExtenderTls | undefined {
  const tls = record(given['tlsConfig'])
  if (tls === undefined && given['enableHTTPS'] !== true) return undefined
  const here = `${path}.tlsConfig`
  faults.onlyThese(tls ?? {}, here, ['insecure', ...tlsTexts])
  const texts = Object.fromEntries(tlsTexts.map((field) => [field, faults.text(tls ?? {}, field, here, '')]).filter(([, text]) => text !== ''))
  // As upstream: whoever is given no authority to check against is not checked.
  const insecure = tls?.['insecure'] === true || (given['enableHTTPS'] === true && texts['caFile'] === undefined && texts['caData'] === undefined)
  return { ...texts, ...(insecure && { insecure }) }
}
