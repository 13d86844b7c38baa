// Not frozen: where a list may be a frozen one, V8 makes an object for each step of going through it.
const NONE: readonly never[] = [];
/** More are found by hash. */
const LISTED_MAX = 12;

/**
 * A set of things that have ids, in the order in which the ids first came. Made for sets of which there are many and most
 * are tiny: an empty one costs 40 bytes where a Map takes some 250, one of a few the length of a list. Looking up costs
 * a comparison for each of a few, else a hash.
 */
export class FewById<T extends { readonly id: string }> {
  #list: readonly T[] = NONE;
  /** Instead of the list, once there were many. */
  #map: Map<string, T> | null = null;

  get size(): number {
    return this.#map === null ? this.#list.length : this.#map.size;
  }

  get(id: string): T | undefined {
    if (this.#map !== null) return this.#map.get(id);
    for (const one of this.#list) if (one.id === id) return one;
    return undefined;
  }

  /** In the place of what has its id, else behind all others. */
  set(item: T): void {
    if (this.#map !== null) {
      this.#map.set(item.id, item);
      return;
    }
    const at = this.#indexOf(item.id);
    // Never changed in place: somebody may be going through it.
    if (at >= 0) this.#list = replaced(this.#list, at, item);
    else if (this.#list.length < LISTED_MAX) this.#list = appended(this.#list, item);
    else {
      this.#map = new Map(this.#list.map((one) => [one.id, one]));
      this.#map.set(item.id, item);
      this.#list = NONE;
    }
  }

  /** true: it was there. */
  delete(id: string): boolean {
    if (this.#map !== null) {
      const isGone = this.#map.delete(id);
      if (this.#map.size === 0) this.#map = null;
      return isGone;
    }
    const at = this.#indexOf(id);
    if (at < 0) return false;
    this.#list = without(this.#list, at);
    return true;
  }

  #indexOf(id: string): number {
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]!.id === id) return i;
    return -1;
  }

  /** What is deleted or replaced while one goes through it does no harm. */
  values(): readonly T[] {
    return this.#map === null ? this.#list : [...this.#map.values()];
  }
}

// By hand: most lists have one item or two, and what the language has for it takes five times as long.

/** The list with one more. Exactly as long as it has to be: a list that is pushed to has room for 17. */
export function appended<T>(list: readonly T[], item: T): readonly T[] {
  if (list.length === 0) return [item];
  const longer = new Array<T>(list.length + 1);
  for (let i = 0; i < list.length; i++) longer[i] = list[i]!;
  longer[list.length] = item;
  return longer;
}

function replaced<T>(list: readonly T[], at: number, item: T): readonly T[] {
  if (list.length === 1) return [item];
  const same = list.slice();
  same[at] = item;
  return same;
}

function without<T>(list: readonly T[], at: number): readonly T[] {
  if (list.length === 1) return NONE;
  const shorter = new Array<T>(list.length - 1);
  for (let i = 0; i < shorter.length; i++) shorter[i] = list[i < at ? i : i + 1]!;
  return shorter;
}
