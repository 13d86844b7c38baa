import { EVIDENCE_MAX } from '../candidates.ts';
import type { HeldEvent } from '../held-event.ts';

/**
 * An event taken at a position of the automaton. Partial matches share their history: `before` holds all that could
 * have come before, so one node stands for any number of them.
 */
export interface Node {
  /** Of the event, among all events of the key; it never changes while the event is held. */
  readonly index: number;
  readonly event: HeldEvent;
  readonly position: number;
  readonly step: number;
  /** Empty: the match begins here, or (`base`) what came before is settled. */
  readonly before: readonly NodeList[];
  /** The events up to and with this one, chosen when a match was taken of which this is the end. */
  readonly base: Chain | null;
  /** Least and greatest index of the events that matches through this node begin with. */
  readonly minFirst: number;
  readonly maxFirst: number;
  /** All nodes of the same event. */
  readonly siblings: readonly Node[];
}

/** The events of one match, newest first. */
export interface Chain {
  readonly index: number;
  readonly event: HeldEvent;
  readonly step: number;
  readonly before: Chain | null;
  readonly length: number;
  readonly first: Chain;
  /** The fifth event; null: there are fewer. */
  readonly fifth: Chain | null;
}

export function chainOf(
  index: number,
  event: HeldEvent,
  step: number,
  before: Chain | null,
): Chain {
  const length = (before?.length ?? 0) + 1;
  const chain = { index, event, step, before, length } as {
    -readonly [Name in keyof Chain]: Chain[Name];
  };
  chain.first = before?.first ?? chain;
  chain.fifth = length === EVIDENCE_MAX ? chain : (before?.fifth ?? null);
  return chain;
}

/** A complete binary tree of nodes; its own is the newest. */
interface Tree {
  readonly node: Node;
  readonly left: Tree | null;
  readonly right: Tree | null;
  readonly size: number;
  readonly minFirst: number;
  readonly maxFirst: number;
}

/**
 * A persistent list of nodes: a skew-binary random-access list (Okasaki, Purely Functional Data Structures, 9.3), with
 * the least and greatest first event of each tree. Adding costs O(1), finding the nodes that can begin late enough
 * O(log n) for each.
 */
export interface NodeList {
  readonly tree: Tree;
  readonly rest: NodeList | null;
  readonly minFirst: number;
  readonly maxFirst: number;
}

function treeOf(node: Node, left: Tree | null, right: Tree | null): Tree {
  let { minFirst, maxFirst } = node;
  for (const part of [left, right]) {
    if (part === null) continue;
    minFirst = Math.min(minFirst, part.minFirst);
    maxFirst = Math.max(maxFirst, part.maxFirst);
  }
  return {
    node,
    left,
    right,
    size: 1 + (left?.size ?? 0) + (right?.size ?? 0),
    minFirst,
    maxFirst,
  };
}

const listOf = (tree: Tree, rest: NodeList | null): NodeList => ({
  tree,
  rest,
  minFirst: rest === null ? tree.minFirst : Math.min(tree.minFirst, rest.minFirst),
  maxFirst: rest === null ? tree.maxFirst : Math.max(tree.maxFirst, rest.maxFirst),
});

export function added(list: NodeList | null, node: Node): NodeList {
  const second = list?.rest ?? null;
  if (list !== null && second !== null && list.tree.size === second.tree.size)
    return listOf(treeOf(node, list.tree, second.tree), second.rest);
  return listOf(treeOf(node, null, null), list);
}

/** Both lists, at the cost of the shorter one (as far as its nodes can begin at `from` or later). */
export function joined(
  into: NodeList | null,
  list: NodeList | null,
  from: number,
): NodeList | null {
  if (into === null || list === null) return into ?? list;
  let all: NodeList | null = into;
  visit(list, from, (node) => (all = added(all, node)));
  return all;
}

/** Visits the nodes that matches beginning at `from` or later go through. */
export function visit(list: NodeList | null, from: number, seen: (node: Node) => void): void {
  for (let at = list; at !== null && at.maxFirst >= from; at = at.rest)
    visitTree(at.tree, from, seen);
}

function visitTree(tree: Tree | null, from: number, seen: (node: Node) => void): void {
  if (tree === null || tree.maxFirst < from) return;
  if (tree.node.maxFirst >= from) seen(tree.node);
  visitTree(tree.left, from, seen);
  visitTree(tree.right, from, seen);
}

/** Without the trees of which no match can begin at `from` or later: at most the oldest tree holds what is dead. */
export function pruned(list: NodeList | null, from: number): NodeList | null {
  if (list === null || list.maxFirst < from) return null;
  const rest = pruned(list.rest, from);
  if (list.tree.maxFirst < from) return rest;
  return rest === list.rest ? list : listOf(list.tree, rest);
}

/** The least event, at `from` or later, with which a match through one of the nodes begins; Infinity if there is none. */
export function nextFirst(nodes: readonly Node[], from: number): number {
  let best = Infinity;
  const seen = new Set<Node>();
  const open: (Node | Tree)[] = [...nodes];
  const ask = (one: Node | Tree): void => {
    if (one.maxFirst < from || one.minFirst >= best) return;
    if (one.minFirst >= from) best = one.minFirst;
    else open.push(one);
  };
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one.maxFirst < from || one.minFirst >= best) continue;
    if (one.minFirst >= from) {
      best = one.minFirst;
      continue;
    }
    if ('node' in one) {
      ask(one.node);
      if (one.left !== null) ask(one.left);
      if (one.right !== null) ask(one.right);
      continue;
    }
    if (seen.has(one)) continue;
    seen.add(one);
    for (const list of one.before)
      for (let at: NodeList | null = list; at !== null; at = at.rest) ask(at.tree);
  }
  return best;
}

/** The nodes right before `node` through which matches that begin with event `first` may go. */
export function visitBefore(node: Node, first: number, seen: (node: Node) => void): void {
  for (const list of node.before)
    for (let at: NodeList | null = list; at !== null; at = at.rest) visitWith(at.tree, first, seen);
}

function visitWith(tree: Tree | null, first: number, seen: (node: Node) => void): void {
  if (tree === null || tree.maxFirst < first || tree.minFirst > first) return;
  if (tree.node.minFirst <= first && tree.node.maxFirst >= first) seen(tree.node);
  visitWith(tree.left, first, seen);
  visitWith(tree.right, first, seen);
}
