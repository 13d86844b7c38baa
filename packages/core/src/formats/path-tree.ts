import { utf8Of } from '../functions/utf8.ts';
import type { Path } from '../plan/json.ts';
import { readingsThrough } from '../plan/view-value.ts';
import { foldedName, type ViewPlan } from '../plan/view-plan.ts';

/** Wanted keys of one object. */
export interface PathNode {
  /** Spellings of keys by their length in bytes. */
  readonly byLength: (Spelling[] | undefined)[];
  /** Where letter case and blanks do not matter: entries by folded name; else null. */
  readonly folded: Map<string, PathEntry> | null;
  /** Spellings that were met in events and learnt. */
  learnt: number;
}

export interface Spelling {
  readonly key: Uint8Array;
  /** null: nobody wants a key that is spelt so. */
  readonly entry: PathEntry | null;
  /** It is a name that somebody asks for, not one that is the same but for case and blanks. */
  readonly isExact: boolean;
}

export interface PathEntry {
  /** Where the value's span goes; -1: the value itself is not wanted. */
  cell: number;
  /** Wanted inside the value. */
  node: PathNode | null;
  /** All cells at and below this entry: a repeated key wipes what the earlier one gave. */
  readonly cells: number[];
  /** The object in which the key was last seen. */
  seenIn: number;
  /** It was seen there in its exact spelling. */
  isExact: boolean;
}

export interface PathTree {
  readonly root: PathNode;
  readonly cells: number;
  /**
   * The slots that a cell can serve, with its rank among their readings (0 is the preferred one): of cell i the
   * entries `from[i]` to `from[i + 1]` of `slots` and `ranks`.
   */
  readonly serves: {
    readonly from: Int32Array;
    readonly slots: Int32Array;
    readonly ranks: Int32Array;
  };
}

const STEPS_MAX = 8;

/**
 * The ways to read paths: at each step the longest flat key first ("a.b.c", then "a.b"), then descend. A path of k
 * steps has 2^(k-1) readings; paths of more than 8 steps are read step by step only. A view adds readings.
 */
export function pathTree(paths: readonly Path[], view: ViewPlan | null): PathTree {
  const tree = new TreeBuilder(view?.isFolded ?? false);
  paths.forEach((path, slot) => {
    const through =
      view === null || path[0]?.startsWith('$') ? [path] : readingsThrough(view, path);
    const readings = through.flatMap((one) =>
      one.length > STEPS_MAX ? [one] : one.length === 1 ? [one] : readingsOf(one),
    );
    readings.forEach((keys, rank) => tree.place(keys, slot, rank));
  });
  return { root: tree.root, cells: tree.serves.length, serves: flat(tree.serves) };
}

function flat(serves: readonly (readonly { slot: number; rank: number }[])[]): PathTree['serves'] {
  const all = serves.flat();
  let count = 0;
  return {
    from: Int32Array.from([...serves, []], (own) => (count += own.length) - own.length),
    slots: Int32Array.from(all, ({ slot }) => slot),
    ranks: Int32Array.from(all, ({ rank }) => rank),
  };
}

/** Lists of keys, in order of preference. */
function readingsOf(path: Path): Path[] {
  if (path.length === 0) return [[]];
  const found: Path[] = [];
  for (let taken = path.length; taken > 0; taken--)
    for (const rest of readingsOf(path.slice(taken)))
      found.push([path.slice(0, taken).join('.'), ...rest]);
  return found;
}

class TreeBuilder {
  readonly root: PathNode;
  readonly serves: { slot: number; rank: number }[][] = [];
  readonly #isFolded: boolean;

  constructor(isFolded: boolean) {
    this.#isFolded = isFolded;
    this.root = this.#node();
  }

  #node(): PathNode {
    return { byLength: [], folded: this.#isFolded ? new Map() : null, learnt: 0 };
  }

  place(keys: Path, slot: number, rank: number): void {
    let node = this.root;
    const entries: PathEntry[] = [];
    keys.forEach((key, i) => {
      const entry = this.#entryOf(node, key);
      entries.push(entry);
      if (i < keys.length - 1) node = entry.node ??= this.#node();
    });
    const last = entries.at(-1);
    if (last === undefined) return;
    if (last.cell < 0) last.cell = this.serves.push([]) - 1;
    this.serves[last.cell]!.push({ slot, rank });
    for (const entry of entries) if (!entry.cells.includes(last.cell)) entry.cells.push(last.cell);
  }

  #entryOf(node: PathNode, text: string): PathEntry {
    const key = utf8Of(text);
    const spellings = (node.byLength[key.length] ??= []);
    const known = spellings.find((one) => one.key.every((byte, i) => byte === key[i]));
    if (known !== undefined) return known.entry!;
    const folded = foldedName(text);
    const entry: PathEntry = node.folded?.get(folded) ?? {
      cell: -1,
      node: null,
      cells: [],
      seenIn: -1,
      isExact: false,
    };
    node.folded?.set(folded, entry);
    spellings.push({ key, entry, isExact: true });
    return entry;
  }
}
