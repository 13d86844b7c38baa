import type { AnyNode, Node } from 'acorn';

/** Calls `see` with every node of a tree, parents first. The stack is its own, so depth does not matter. */
export function visit(tree: Node, see: (node: AnyNode) => void): void {
  const waiting: Node[] = [tree];
  const children: Node[] = [];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    see(node as AnyNode);
    for (const name of Object.keys(node)) {
      const value = (node as unknown as Record<string, unknown>)[name];
      if (typeof value !== 'object' || value === null) continue;
      if (isNode(value)) children.push(value);
      else if (Array.isArray(value))
        for (const child of value as unknown[]) if (isNode(child)) children.push(child);
    }
    // The last one is taken first, so children are put in backwards: nodes are seen in the order of the text.
    for (let child = children.pop(); child !== undefined; child = children.pop())
      waiting.push(child);
  }
}

export function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { type?: unknown }).type === 'string' &&
    'start' in value
  );
}
