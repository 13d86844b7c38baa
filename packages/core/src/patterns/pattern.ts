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
   * may throw: of the same steps for the same pattern and text, whatever was asked before. Only what an automaton may
   * cost beside reading the text is charged; reading it is the caller's. `isLasting`: the pattern is asked so often that
   * it is worth finding out whether its table holds all texts, which takes some milliseconds, once; if so, nothing is
   * charged.
   */
  test(text: string, charge?: (steps: number) => void, isLasting?: boolean): boolean;
  /** Memory of its automaton and of the table as far as it is filled, roughly; at most about a megabyte. */
  readonly bytes: number;
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

/** Looks at states of the automaton that a test may take and not be charged for: a tenth of a millisecond. */
const LOOKS_FREE = 1 << 16;
/** Where the table does not know, a unit costs some 2 ns for each state of the automaton. */
const LOOKS_OF_STEP_LOG2 = 8;
/** A few milliseconds. Of patterns of published rules nearly all need far less. */
const FILL_STEPS_MAX = 500_000;

class CompiledPattern implements Pattern {
  readonly #nfa: Nfa;
  readonly #required: RequiredText | null;
  readonly #regex: RegExp | null;
  readonly #regexUnitsMax: number;
  #dfa: LazyDfa | null = null;
  /** Does the table hold all texts? null: nobody asked. */
  #filled: boolean | null = null;

  constructor(nfa: Nfa, required: RequiredText | null, regex: RegExp | null, steps: number) {
    this.#nfa = nfa;
    this.#required = required;
    this.#regex = regex;
    this.#regexUnitsMax = regex === null ? -1 : REGEX_STEPS_MAX / steps;
  }

  get bytes(): number {
    return 2048 + this.#nfa.operations.length * 16 + (this.#dfa?.bytes ?? 0);
  }

  test(text: string, charge?: (steps: number) => void, isLasting = false): boolean {
    return text.length <= this.#regexUnitsMax
      ? this.#regex!.test(text)
      : this.#search(text, charge, isLasting);
  }

  #search(text: string, charge?: (steps: number) => void, isLasting = false): boolean {
    const required = this.#required;
    const at = required === null ? 0 : text.indexOf(required.text);
    if (at < 0) return false;
    const from = required?.isBegin === true ? at : 0;
    const states = this.#nfa.operations.length;
    const isFree =
      charge === undefined ||
      states * (text.length - from) <= LOOKS_FREE ||
      (isLasting && this.#isFilled());
    this.#dfa ??= new LazyDfa(this.#nfa);
    if (isFree) return this.#dfa.test(text, from);
    return this.#dfa.test(text, from, (units) =>
      charge(1 + ((units * states) >> LOOKS_OF_STEP_LOG2)),
    );
  }

  /** Asked of a new automaton, as the answer must not depend on what was read before. */
  #isFilled(): boolean {
    if (this.#filled !== null) return this.#filled;
    const dfa = new LazyDfa(this.#nfa);
    this.#filled = dfa.fill(FILL_STEPS_MAX);
    if (this.#filled) this.#dfa = dfa;
    return this.#filled;
  }
}
