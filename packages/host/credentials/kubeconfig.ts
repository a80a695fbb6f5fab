import type { KeyPair } from './issue.ts'

/** The text of a kubeconfig that needs no other file. */
export function kubeconfig(options: { readonly name: string; readonly server: string; readonly authority: string; readonly client: KeyPair }): string {
  const { name, server, authority, client } = options
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  return `apiVersion: v1
kind: Config
clusters:
- name: ${JSON.stringify(name)}
  cluster:
    server: ${JSON.stringify(server)}
    certificate-authority-data: ${base64(authority)}
users:
- name: ${JSON.stringify(`${name}-admin`)}
  user:
    client-certificate-data: ${base64(client.certificate)}
    client-key-data: ${base64(client.key)}
contexts:
- name: ${JSON.stringify(name)}
  context:
    cluster: ${JSON.stringify(name)}
    user: ${JSON.stringify(`${name}-admin`)}
current-context: ${JSON.stringify(name)}
`
}
