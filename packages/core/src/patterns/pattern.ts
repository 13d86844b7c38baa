// Regular expressions of rules' authors: whatever the pattern and the text, a test takes time linear in the text.
import { LazyDfa } from './lazy-dfa.ts';
import { makeNfa, STATES_MAX } from './nfa.ts';
import { parsePattern } from './parse-pattern.ts';
import type { PatternProblem, PatternTree } from './pattern-tree.ts';

export type { PatternProblem } from './pattern-tree.ts';

/** Where a match must lie. `whole`: it is the whole text, or with the flag `m` a whole line. */
export type Extent = 'anywhere' | 'whole';

export interface Pattern {
  /** Is there a match in the text? */
  test(text: string): boolean;
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
  return new LazyDfa(nfa);
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
