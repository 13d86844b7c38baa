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
  /** Is there a match in the text? Takes time linear in the text. */
  test(text: string): boolean;
  /** What a test of the text is charged: says the same for the same pattern and length, whatever was asked before. */
  stepsOf(text: string): number;
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
  readonly #nfa: Nfa;
  readonly #required: RequiredText | null;
  readonly #regex: RegExp | null;
  readonly #regexUnitsMax: number;
  #dfa: LazyDfa | null = null;

  constructor(nfa: Nfa, required: RequiredText | null, regex: RegExp | null, steps: number) {
    this.#nfa = nfa;
    this.#required = required;
    this.#regex = regex;
    this.#regexUnitsMax = regex === null ? -1 : REGEX_STEPS_MAX / steps;
  }

  test(text: string): boolean {
    return text.length <= this.#regexUnitsMax ? this.#regex!.test(text) : this.#search(text);
  }

  stepsOf(text: string): number {
    // A unit costs a look into a table, and now and then as many as there are states.
    return 1 + Math.ceil((text.length * (64 + this.#nfa.operations.length)) / 512);
  }

  #search(text: string): boolean {
    const required = this.#required;
    const at = required === null ? 0 : text.indexOf(required.text);
    if (at < 0) return false;
    this.#dfa ??= new LazyDfa(this.#nfa);
    return this.#dfa.test(text, required?.isBegin === true ? at : 0);
  }
}
