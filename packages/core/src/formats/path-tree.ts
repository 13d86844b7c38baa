import { utf8Of } from '../functions/utf8.ts';
import type { Path } from '../plan/json.ts';

/** Wanted keys of one object. */
export interface PathNode {
  /** By length of the key in bytes. */
  readonly byLength: (PathEntry[] | undefined)[];
}

export interface PathEntry {
  readonly key: Uint8Array;
  /** Where the value's span goes; -1: the value itself is not wanted. */
  cell: number;
  /** Wanted inside the value. */
  node: PathNode | null;
  /** All cells at and below this entry: a repeated key wipes what the earlier one gave. */
  readonly cells: number[];
  /** The object in which the key was last seen. */
  seenIn: number;
}

export interface PathTree {
  readonly root: PathNode;
  /** Cell i < width is slot i of the path with one reading; others are candidates. */
  readonly cells: number;
  /** Of a slot with several readings the cells, the preferred first. */
  readonly choices: readonly { readonly slot: number; readonly cells: readonly number[] }[];
}

const STEPS_MAX = 8;

/**
 * The ways to read paths: at each step the longest flat key first ("a.b.c", then "a.b"), then descend. A path of k
 * steps has 2^(k-1) readings; paths of more than 8 steps are read step by step only.
 */
export function pathTree(paths: readonly Path[]): PathTree {
  const root: PathNode = { byLength: [] };
  const choices: { slot: number; cells: number[] }[] = [];
  let cells = paths.length;
  paths.forEach((path, slot) => {
    if (path.length === 1) {
      const cell = place(root, path, slot);
      if (cell !== slot) choices.push({ slot, cells: [cell] });
      return;
    }
    const readings = path.length > STEPS_MAX ? [path] : readingsOf(path);
    const own = readings.map((keys) => place(root, keys, cells++));
    choices.push({ slot, cells: own });
  });
  return { root, cells, choices };
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

/** Two paths may read the same key (['a.b'] and ['a', 'b']): the entry then has one cell more than one path asks. */
function place(root: PathNode, keys: Path, cell: number): number {
  let node = root;
  const entries: PathEntry[] = [];
  keys.forEach((key, i) => {
    const entry = entryOf(node, key);
    entries.push(entry);
    if (i < keys.length - 1) node = entry.node ??= { byLength: [] };
  });
  const last = entries.at(-1)!;
  if (last.cell < 0) last.cell = cell;
  for (const entry of entries) if (!entry.cells.includes(last.cell)) entry.cells.push(last.cell);
  return last.cell;
}

function entryOf(node: PathNode, text: string): PathEntry {
  const key = utf8Of(text);
  const entries = (node.byLength[key.length] ??= []);
  let entry = entries.find((one) => one.key.every((byte, i) => byte === key[i]));
  if (entry === undefined) {
    entry = { key, cell: -1, node: null, cells: [], seenIn: -1 };
    entries.push(entry);
  }
  return entry;
}
