// Regular expressions of rules' authors: whatever the pattern and the text, a test takes time linear in the text.
import { backtrackingStepsOf } from './harmless.ts';
import { LazyDfa } from './lazy-dfa.ts';
import { makeNfa, STATES_MAX, type Nfa } from './nfa.ts';
import { parsePattern } from './parse-pattern.ts';
import type { PatternProblem, PatternTree } from './pattern-tree.ts';
import { requiredText, type RequiredText } from './required-text.ts';

export type { PatternProblem } from './pattern-tree.ts';

/** Where a match must lie. `whole`: it is the whole text, or with the flag `m` a whole line. */
export type Extent = 'anywhere' | 'whole';

export interface Pattern {
  /**
   * Is there a match in the text? Takes time linear in the text. `charge` is told of steps before they are taken, and
   * may throw: of the same steps for the same pattern and text, whatever was asked before.
   */
  test(text: string, charge?: (steps: number) => void): boolean;
  /** States of its automaton: what a unit of text costs at most. */
  readonly states: number;
}

export const isProblem = (made: Pattern | PatternProblem): made is PatternProblem =>
  'reason' in made;

/** JavaScript's regular expressions with flags of "ims"; refuses what cannot be searched in linear time. */
export function compilePattern(
  source: string,
  flags: string,
  extent: Extent = 'anywhere',
): Pattern | PatternProblem {
  const parsed = parsePattern(source, flags);
  if ('reason' in parsed) return parsed;
  const tree = extent === 'whole' ? wholly(parsed.tree, flags) : parsed.tree;
  const nfa = makeNfa(tree);
  if (nfa === null)
    return {
      reason: `it has more than ${STATES_MAX} states, as repeats are written out`,
      offset: 0,
    };
  // V8 13.6 forgets the flags of groups where it looks ahead.
  const steps = parsed.hasModifiers ? null : backtrackingStepsOf(tree, nfa);
  const framed = extent === 'whole' ? `^(?:${source})$` : source;
  const regex = steps === null ? null : new RegExp(framed, flags);
  return new CompiledPattern(nfa, requiredText(tree), regex, steps ?? Infinity);
}

function wholly(tree: PatternTree, flags: string): PatternTree {
  const edge = flags.includes('m') ? 'line' : 'text';
  return {
    kind: 'sequence',
    of: [
      { kind: 'assertion', holds: `${edge} begin` },
      tree,
      { kind: 'assertion', holds: `${edge} end` },
    ],
  };
}

/** V8 is given no text for which it may take more steps than this. */
const REGEX_STEPS_MAX = 1 << 17;

class CompiledPattern implements Pattern {
  readonly states: number;
  readonly #nfa: Nfa;
  readonly #required: RequiredText | null;
  readonly #regex: RegExp | null;
  readonly #regexUnitsMax: number;
  #dfa: LazyDfa | null = null;

  constructor(nfa: Nfa, required: RequiredText | null, regex: RegExp | null, steps: number) {
    this.states = nfa.operations.length;
    this.#nfa = nfa;
    this.#required = required;
    this.#regex = regex;
    this.#regexUnitsMax = regex === null ? -1 : REGEX_STEPS_MAX / steps;
  }

  test(text: string, charge?: (steps: number) => void): boolean {
    if (text.length > this.#regexUnitsMax) return this.#search(text, charge);
    if (charge !== undefined) charge(this.#stepsOf(text.length));
    return this.#regex!.test(text);
  }

  /** A unit costs a look into a table, and now and then as many as there are states. */
  #stepsOf(units: number): number {
    return 1 + ((units * (64 + this.states)) >> 9);
  }

  #search(text: string, charge?: (steps: number) => void): boolean {
    const required = this.#required;
    if (charge !== undefined) charge(required === null ? 1 : 1 + (text.length >> 8));
    const at = required === null ? 0 : text.indexOf(required.text);
    if (at < 0) return false;
    this.#dfa ??= new LazyDfa(this.#nfa);
    const from = required?.isBegin === true ? at : 0;
    if (charge === undefined) return this.#dfa.test(text, from);
    return this.#dfa.test(text, from, (units) => charge(this.#stepsOf(units)));
  }
}
