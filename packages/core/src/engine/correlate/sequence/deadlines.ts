import type { Node } from './node-list.ts';

/** A way to be complete that waits for a deadline: matches through `node` that begin with event `first`. */
export interface Deadline {
  readonly at: number;
  readonly first: number;
  readonly node: Node;
}

/** A persistent leftist heap of deadlines (Okasaki, Purely Functional Data Structures, 3.1). */
export interface Deadlines {
  readonly least: Deadline;
  readonly left: Deadlines | null;
  readonly right: Deadlines | null;
  readonly rank: number;
}

/** In the order in which matches are taken: completion, last event, first event. */
export const compareDeadlines = (a: Deadline, b: Deadline): number =>
  a.at - b.at || a.node.index - b.node.index || a.first - b.first;

export function merged(a: Deadlines | null, b: Deadlines | null): Deadlines | null {
  if (a === null || b === null) return a ?? b;
  if (compareDeadlines(a.least, b.least) > 0) return merged(b, a);
  const right = merged(a.right, b);
  const [big, small] = rankOf(a.left) >= rankOf(right) ? [a.left, right] : [right, a.left];
  return { least: a.least, left: big, right: small, rank: rankOf(small) + 1 };
}

const rankOf = (heap: Deadlines | null): number => heap?.rank ?? 0;

export const withDeadline = (heap: Deadlines | null, least: Deadline): Deadlines =>
  merged(heap, { least, left: null, right: null, rank: 1 })!;

export const withoutLeast = (heap: Deadlines): Deadlines | null => merged(heap.left, heap.right);

/** All of them, in no order. */
export function* allOf(heap: Deadlines | null): Generator<Deadline> {
  const open = [heap];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one === null) continue;
    yield one.least;
    open.push(one.left, one.right);
  }
}
