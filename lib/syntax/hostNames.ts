/** Which names of hosts an expression asks for, so that they can be looked up before it is compiled. */

import { type Expr, postorder } from './ast.js';

/** Protocols whose hosts are told by addresses or databases of their own. */
const OWN_ADDRESSES: ReadonlySet<string | undefined> = new Set(['link', 'decnet']);

/** Each name once, in order of appearance. */
export function hostNames(expr: Expr | undefined): string[] {
  const names = new Set<string>();
  for (const node of expr === undefined ? [] : postorder(expr)) {
    if (node.kind !== 'id' || node.id.kind !== 'name' || node.qualifiers === undefined) continue;
    const { type, protocol } = node.qualifiers;
    if (type === 'gateway') names.add(node.id.name);
    if ((type === undefined || type === 'host') && !OWN_ADDRESSES.has(protocol)) names.add(node.id.name);
  }
  return [...names];
}
