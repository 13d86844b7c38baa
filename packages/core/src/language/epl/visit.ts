import type { AnyNode, Node } from 'acorn';

/** Calls `see` with every node of a tree, parents first. The stack is its own, so depth does not matter. */
export function visit(tree: Node, see: (node: AnyNode) => void): void {
  const waiting: Node[] = [tree];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    see(node as AnyNode);
    // The last one is taken first, so children are put in backwards: nodes are seen in the order of the text.
    for (const value of Object.values(node).reverse())
      for (const child of Array.isArray(value)
        ? (value as unknown[]).toReversed()
        : [value as unknown])
        if (isNode(child)) waiting.push(child);
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
