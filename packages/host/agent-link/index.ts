export { connectAgent, type AgentLink, type AgentOptions } from './agent.ts'
export { createAgentHub, type AgentHub } from './hub.ts'
export type { KubeletAnswer, KubeletRequest } from './wire.ts'
