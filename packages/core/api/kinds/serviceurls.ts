// Where a webhook or an extension server is: a URL or a Service, as upstream's apiserver/pkg/util/webhook.
import type { Problem } from '../refusal.ts'
import { checkSubdomain } from '../selectors/syntax.ts'
import { isPort, portFault } from './ports.ts'
import { invalid, required } from './problems.ts'

interface ServicePlace { readonly name?: string; readonly namespace?: string; readonly path?: string; readonly port?: number }
interface ClientPlace { readonly url?: string; readonly service?: ServicePlace }

/** A webhook's clientConfig: exactly one of URL and Service. */
export function checkClientPlace(path: string, { url, service }: ClientPlace): readonly Problem[] {
  if ((url === undefined) === (service === undefined)) return [required(path, 'exactly one of url or service is required')]
  return url !== undefined ? checkUrl(`${path}.url`, url) : checkService(`${path}.service`, service ?? {})
}

const form = '; desired format: https://host[/path]'
function checkUrl(path: string, text: string): readonly Problem[] {
  const parts = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text)
  // What a URL is made of says the parser; the parts are read from the text, since `https:///` has no host and is not normalised.
  if (parts === null || /[\u0000-\u0020\u007f]/.test(text)) return [required(path, `url must be a valid URL: parse ${JSON.stringify(text)}: net/url: invalid control character in URL${form}`)]
  const [, scheme = '', authority = '', , query = '', fragment = ''] = parts
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  return [
    ...(scheme.toLowerCase() === 'https' ? [] : [invalid(path, scheme, `'https' is the only allowed URL scheme${form}`)]),
    ...(host === '' ? [invalid(path, host, `host must be specified${form}`)] : []),
    ...(at >= 0 ? [invalid(path, authority.slice(0, at), 'user information is not permitted in the URL')] : []),
    ...(fragment === '' ? [] : [invalid(path, fragment, 'fragments are not permitted in the URL')]),
    ...(query === '' ? [] : [invalid(path, query, 'query parameters are not permitted in the URL')]),
  ]
}

function checkService(path: string, { name = '', namespace = '', path: urlPath, port }: ServicePlace): readonly Problem[] {
  return [
    // Each is missed at the other's place, as upstream.
    ...(namespace === '' ? [required(`${path}.name`)] : []),
    ...(name === '' ? [required(`${path}.namespace`)] : []),
    ...(isPort(port) ? [] : [invalid(`${path}.port`, port ?? 0, `port is not valid: ${portFault}`)]),
    ...(urlPath === undefined ? [] : checkUrlPath(`${path}.path`, urlPath)),
  ]
}

function checkUrlPath(path: string, text: string): readonly Problem[] {
  if (text === '' || text === '/') return []
  if (text === '//') return [invalid(path, text, 'segment[0] may not be empty')]
  const steps = text.slice(1).replace(/\/$/, '').split('/')
  return [
    ...(text.startsWith('/') ? [] : [invalid(path, text, "must start with a '/'")]),
    ...steps.flatMap((step, index) => (step === '' ? [invalid(path, text, `segment[${index}] may not be empty`)]
      : checkSubdomain(step).map((fault) => invalid(path, text, `segment[${index}]: ${fault}`)))),
  ]
}
