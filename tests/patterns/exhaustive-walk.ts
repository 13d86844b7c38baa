import { contains, LINE_ENDS, WORD_UNITS } from '../../packages/core/src/patterns/code-unit-set.ts';
import type { Assertion, PatternTree } from '../../packages/core/src/patterns/pattern-tree.ts';

/**
 * Steps of an engine that goes back and forth, after ECMA-262, 22.2.2 Pattern Semantics, when it finds no match from
 * any place of the text: every way there is, is walked. That is the most that it can ever do, whether repeats are
 * greedy or lazy. Stops counting at `most`.
 */
export function exhaustiveSteps(tree: PatternTree, text: string, most: number): number {
  const walk = new Walk(text, most);
  for (let at = 0; at <= text.length && walk.steps <= most; at++) walk.part(tree, at, () => {});
  return walk.steps;
}

type Continuation = (at: number) => void;

class Walk {
  steps = 0;
  readonly #text: string;
  readonly #most: number;

  constructor(text: string, most: number) {
    this.#text = text;
    this.#most = most;
  }

  part(tree: PatternTree, at: number, next: Continuation): void {
    if (this.steps > this.#most) return;
    switch (tree.kind) {
      case 'set':
        this.steps++;
        if (at < this.#text.length && contains(tree.set, this.#text.charCodeAt(at))) next(at + 1);
        return;
      case 'assertion':
        this.steps++;
        if (this.#holds(tree.holds, at)) next(at);
        return;
      case 'sequence':
        return this.#sequence(tree.of, 0, at, next);
      case 'choice':
        this.steps += tree.of.length - 1;
        return tree.of.forEach((part) => this.part(part, at, next));
      case 'repeat':
        return this.#repeat(tree.of, tree.min, tree.max, at, next);
    }
  }

  #sequence(of: readonly PatternTree[], i: number, at: number, next: Continuation): void {
    if (i === of.length) return next(at);
    this.part(of[i]!, at, (end) => this.#sequence(of, i + 1, end, next));
  }

  /** 22.2.2.3.1 RepeatMatcher: a repeat that is not needed and reads nothing is no repeat. */
  #repeat(of: PatternTree, min: number, max: number, at: number, next: Continuation): void {
    if (max === 0) return next(at);
    if (min === 0) this.steps++;
    this.part(of, at, (end) => {
      if (min === 0 && end === at) return;
      this.#repeat(of, Math.max(0, min - 1), max - 1, end, next);
    });
    if (min === 0) next(at);
  }

  #holds(assertion: Assertion, at: number): boolean {
    const isAt = (set: readonly number[], place: number): boolean =>
      place >= 0 && place < this.#text.length && contains(set, this.#text.charCodeAt(place));
    const isEdge = isAt(WORD_UNITS, at - 1) !== isAt(WORD_UNITS, at);
    switch (assertion) {
      case 'text begin':
        return at === 0;
      case 'text end':
        return at === this.#text.length;
      case 'line begin':
        return at === 0 || isAt(LINE_ENDS, at - 1);
      case 'line end':
        return at === this.#text.length || isAt(LINE_ENDS, at);
      case 'word edge':
        return isEdge;
      case 'no word edge':
        return !isEdge;
    }
  }
}
