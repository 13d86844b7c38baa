import type { PatternTree } from './pattern-tree.ts';

/** Text that stands in every match. */
export interface RequiredText {
  readonly text: string;
  /** Every match begins with it. */
  readonly isBegin: boolean;
}

const LENGTH_MAX = 64;

/** The longest text that every match holds; null: there is none. */
export function requiredText(tree: PatternTree): RequiredText | null {
  const found = new TextFinder();
  found.read(tree);
  found.endRun();
  return found.best;
}

/** Reads parts in order, and joins single units that stand side by side. */
class TextFinder {
  best: RequiredText | null = null;
  #run = '';
  #isBegin = true;

  read(tree: PatternTree): void {
    if (tree.kind === 'sequence') tree.of.forEach((part) => this.read(part));
    else if (tree.kind === 'set' && tree.set.length === 2 && tree.set[0] === tree.set[1])
      this.#run += String.fromCharCode(tree.set[0]!);
    else if (tree.kind === 'repeat' && tree.min > 0) this.#readRepeat(tree.of, tree.min, tree.max);
    // An assertion reads nothing, so what is beside it is side by side.
    else if (tree.kind !== 'assertion') this.endRun();
  }

  #readRepeat(of: PatternTree, min: number, max: number): void {
    let count = 0;
    for (; count < min && this.#run.length < LENGTH_MAX; count++) this.read(of);
    if (count < max) this.endRun();
  }

  endRun(): void {
    if (this.#run.length > (this.best?.text.length ?? 0))
      this.best = { text: this.#run.slice(0, LENGTH_MAX), isBegin: this.#isBegin };
    this.#run = '';
    this.#isBegin = false;
  }
}
