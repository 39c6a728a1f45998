import type { Ignorer, NodePath } from '@stryker-mutator/api/ignore'
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin'

interface Node {
  type: string
  name?: string
  object?: Node
  property?: Node
  callee?: Node
  arguments?: Node[]
}
interface Path extends NodePath {
  node: Node
  key: string | number
  listKey?: string
  parent: Node
}

const isReason = ({ listKey, parent: { callee } }: Path) =>
  listKey === 'arguments' &&
  callee?.object?.name === 'problems' &&
  /^(invalidToken|tokenRevoked|invalidCredentials|unavailable)$/.test(callee.property?.name ?? '')

const isPluginName = ({ listKey, key, parent: { callee } }: Path) =>
  listKey === 'arguments' && key === 1 && callee?.name === 'fp'

const isMessage = ({ node, listKey, parent: { callee } }: Path) =>
  listKey === 'arguments' &&
  /Literal$/.test(node.type) &&
  callee?.object?.name === 'log' &&
  /^(info|warn|error|debug)$/.test(callee.property?.name ?? '')

/** What StrykerJS does not mutate: text without effect on behavior. */
const unnoticeable: Ignorer = {
  shouldIgnore(path) {
    const at = path as Path
    if (isReason(at) || isMessage(at)) return 'Only the log has it.'
    if (isPluginName(at)) return 'Only messages of Fastify have it.'
    return undefined
  }
}

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'unnoticeable', unnoticeable)]
