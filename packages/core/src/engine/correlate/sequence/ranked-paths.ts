import { chainOf, visitBefore, type Chain, type Node } from './node-list.ts';

/** One match among those that the nodes hold. */
export interface RankedPath {
  readonly chain: Chain;
  /** The nodes at its end, complete or not: several positions may have come by the same events and steps. */
  readonly ends: readonly Node[];
}

/**
 * The matches that begin with event `first` and end at one of `roots` (all of one event), in the order in which they are
 * taken: more events first, then by the events, then by the steps. At most `most`; each list of (step, event) once.
 */
export function rankedPaths(roots: readonly Node[], first: number, most: number): RankedPath[] {
  const graph = graphOf(roots, first, most);
  const found: RankedPath[] = [];
  const lengths = new Set(graph.starts.flatMap((start) => graph.lengths.get(start) ?? []));
  for (const length of [...lengths].sort((a, b) => b - a).slice(0, most)) {
    for (const events of eventLists(graph, length, most - found.length)) {
      found.push(...stepLists(graph, events, most - found.length));
      if (found.length >= most) return found;
    }
  }
  return found;
}

/** The nodes on the way from `first` to the roots. */
interface Graph {
  readonly starts: readonly Node[];
  readonly roots: ReadonlySet<Node>;
  readonly after: ReadonlyMap<Node, readonly Node[]>;
  /** By node: numbers of events from it to a root, the greatest first; as many different ones as are wanted. */
  readonly lengths: ReadonlyMap<Node, readonly number[]>;
}

const isStart = (node: Node): boolean => node.before.length === 0;

function graphOf(roots: readonly Node[], first: number, most: number): Graph {
  const after = new Map<Node, Node[]>();
  const ends = new Set(roots);
  // Other nodes of the last event: matches that go on may go on from them too.
  const open = [...new Set(roots.flatMap(({ siblings }) => siblings))].filter(
    ({ minFirst, maxFirst }) => minFirst <= first && maxFirst >= first,
  );
  for (const node of open) after.set(node, []);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const to = node;
    visitBefore(to, first, (from) => {
      const known = after.get(from);
      if (known !== undefined) return void known.push(to);
      after.set(from, [to]);
      open.push(from);
    });
  }
  const lengths = new Map<Node, readonly number[]>();
  const newestFirst = [...after.keys()].sort((a, b) => b.index - a.index);
  for (const node of newestFirst) {
    const own = new Set(ends.has(node) ? [1] : []);
    for (const next of after.get(node)!) for (const one of lengths.get(next)!) own.add(one + 1);
    lengths.set(node, [...own].sort((a, b) => b - a).slice(0, most));
  }
  const starts = newestFirst.filter(
    (node) => isStart(node) && (node.base?.first.index ?? node.index) === first,
  );
  return { starts, roots: ends, after, lengths };
}

const reaches = ({ lengths }: Graph, node: Node, length: number): boolean =>
  lengths.get(node)?.includes(length) ?? false;

/** Lists of nodes by event: every way of `length` events from the first, in the order of their events. */
function* eventLists(graph: Graph, length: number, most: number): Generator<Node[][]> {
  const begin = graph.starts.filter((start) => reaches(graph, start, length));
  let given = 0;
  // A stack of its own, as matches may be longer than the machine's stack is deep.
  const open: { nodes: Node[]; left: number; before: Link | null }[] = [
    { nodes: begin, left: length, before: null },
  ];
  for (let top = open.pop(); top !== undefined && given < most; top = open.pop()) {
    const { nodes, left } = top;
    const link: Link = { nodes, before: top.before };
    if (left === 1) {
      given++;
      yield listOf(link);
      continue;
    }
    const next = new Set(
      nodes.flatMap((node) =>
        graph.after.get(node)!.filter((one) => reaches(graph, one, left - 1)),
      ),
    );
    const byEvent = Map.groupBy(next, ({ index }) => index);
    // The least event is tried first, so it goes onto the stack last.
    for (const index of [...byEvent.keys()].sort((a, b) => b - a))
      open.push({ nodes: byEvent.get(index)!, left: left - 1, before: link });
  }
}

interface Link {
  readonly nodes: Node[];
  readonly before: Link | null;
}

function listOf(link: Link): Node[][] {
  const list: Node[][] = [];
  for (let at: Link | null = link; at !== null; at = at.before) list.push(at.nodes);
  return list.reverse();
}

/** The lists of steps that the events of one list can serve, in their order. */
function stepLists(graph: Graph, events: readonly Node[][], most: number): RankedPath[] {
  // Backwards: which nodes of each event lead to a root.
  const good: Set<Node>[] = [];
  for (let i = events.length - 1; i >= 0; i--) {
    const nodes = events[i]!;
    const next = good[0];
    good.unshift(
      new Set(
        nodes.filter((node) =>
          next === undefined
            ? graph.roots.has(node)
            : graph.after.get(node)!.some((one) => next.has(one)),
        ),
      ),
    );
  }
  const found: RankedPath[] = [];
  const open: { from: Node[]; chain: Chain | null; depth: number }[] = [
    { from: graph.starts as Node[], chain: null, depth: 0 },
  ];
  for (let top = open.pop(); top !== undefined && found.length < most; top = open.pop()) {
    const { from, chain, depth } = top;
    if (depth === events.length) {
      found.push({ chain: chain!, ends: from });
      continue;
    }
    const { index } = events[depth]![0]!;
    const reached = depth === 0 ? from : from.flatMap((node) => graph.after.get(node)!);
    const nodes = new Set(reached.filter((node) => node.index === index));
    const byStep = Map.groupBy(nodes, ({ step }) => step);
    for (const step of [...byStep.keys()].sort((a, b) => b - a)) {
      // Nodes that lead to no root stay: a match may go on from where they end.
      const ofStep = byStep.get(step)!;
      if (!ofStep.some((node) => good[depth]!.has(node))) continue;
      const { event, base } = ofStep[0]!;
      open.push({
        from: ofStep,
        chain: base ?? chainOf(index, event, step, chain),
        depth: depth + 1,
      });
    }
  }
  return found;
}
