import type { CodeUnitSet } from './code-unit-set.ts';
import type { Assertion, PatternTree } from './pattern-tree.ts';

/** What a state of the automaton does. SET reads one unit; the others read nothing. */
export const SET = 0;
export const SPLIT = 1;
export const ASSERT = 2;
export const MATCH = 3;

export const STATES_MAX = 5000;

/**
 * Thompson's automaton of a pattern (K. Thompson, "Regular expression search algorithm", 1968). State 0 is the match.
 * `value` is the number of the set of a SET, the second way of a SPLIT, the number of the assertion of an ASSERT.
 */
export interface Nfa {
  readonly operations: Uint8Array;
  readonly next: Int32Array;
  readonly value: Int32Array;
  readonly start: number;
  readonly sets: readonly CodeUnitSet[];
}

export const ASSERTIONS: readonly Assertion[] = [
  'text begin',
  'text end',
  'line begin',
  'line end',
  'word edge',
  'no word edge',
];

/** How many states a pattern takes, the match not counted. Counts without making copies. */
export function statesOf(tree: PatternTree): number {
  if (tree.kind === 'set' || tree.kind === 'assertion') return 1;
  if (tree.kind === 'sequence') return tree.of.reduce((sum, part) => sum + statesOf(part), 0);
  if (tree.kind === 'choice')
    return tree.of.reduce((sum, part) => sum + statesOf(part), tree.of.length - 1);
  const once = statesOf(tree.of);
  if (tree.max === Infinity) return Math.max(1, tree.min) * once + 1;
  return tree.min * once + (tree.max - tree.min) * (once + 1);
}

/** Null if there would be more than STATES_MAX states. */
export function makeNfa(tree: PatternTree): Nfa | null {
  const size = statesOf(tree) + 1;
  return size > STATES_MAX ? null : new NfaMaker(size).make(tree);
}

class NfaMaker {
  readonly #operations: Uint8Array;
  readonly #next: Int32Array;
  readonly #value: Int32Array;
  readonly #sets: CodeUnitSet[] = [];
  readonly #numbers = new Map<CodeUnitSet, number>();
  readonly #numbersByText = new Map<string, number>();
  #length = 0;

  constructor(size: number) {
    this.#operations = new Uint8Array(size);
    this.#next = new Int32Array(size);
    this.#value = new Int32Array(size);
  }

  make(tree: PatternTree): Nfa {
    const match = this.#state(MATCH, -1, -1);
    return {
      start: this.#part(tree, match),
      operations: this.#operations,
      next: this.#next,
      value: this.#value,
      sets: this.#sets,
    };
  }

  #state(operation: number, next: number, value: number): number {
    const state = this.#length++;
    this.#operations[state] = operation;
    this.#next[state] = next;
    this.#value[state] = value;
    return state;
  }

  /** Where a part begins that goes on to `next`: made from its end. */
  #part(tree: PatternTree, next: number): number {
    switch (tree.kind) {
      case 'set':
        return this.#state(SET, next, this.#numberOf(tree.set));
      case 'assertion':
        return this.#state(ASSERT, next, ASSERTIONS.indexOf(tree.holds));
      case 'sequence':
        return tree.of.reduceRight((after, part) => this.#part(part, after), next);
      case 'choice':
        return tree.of
          .map((part) => this.#part(part, next))
          .reduceRight((others, begin) => this.#state(SPLIT, begin, others));
      case 'repeat':
        return this.#repeat(tree.of, tree.min, tree.max, next);
    }
  }

  #repeat(of: PatternTree, min: number, max: number, next: number): number {
    let begin = next;
    if (max === Infinity) {
      const again = this.#state(SPLIT, -1, next);
      const body = this.#part(of, again);
      this.#next[again] = body;
      begin = min === 0 ? again : body;
    } else for (let i = min; i < max; i++) begin = this.#state(SPLIT, this.#part(of, begin), next);
    const made = max === Infinity ? 1 : 0;
    for (let i = made; i < min; i++) begin = this.#part(of, begin);
    return begin;
  }

  #numberOf(set: CodeUnitSet): number {
    const known = this.#numbers.get(set);
    if (known !== undefined) return known;
    const key = set.join();
    const alike = this.#numbersByText.get(key) ?? this.#sets.push(set) - 1;
    this.#numbersByText.set(key, alike);
    this.#numbers.set(set, alike);
    return alike;
  }
}
