// Which patterns an engine that goes back and forth, as V8's is, searches in linear time. Two proofs; what neither
// shows is not given to it.
//   F  Nothing repeats without end. From one place of the text there are finitely many ways, whose steps are counted.
//   U  No place of the text is ever reached in the same state in two ways. A search that fails walks every way there
//      is, so it takes at most one step for each state and unit.
// For a search that may begin anywhere U takes "read what stands before" as a state of its own: `a+b` is refused, since
// the same letter is reached from every letter before it. Ways that read nothing count as ways: so does `(a*)*`.
// Compare A. Weber and H. Seidl, "On the degree of ambiguity of finite automata", 1991: what U asks is stronger.
import { overlap } from './code-unit-set.ts';
import { ASSERT, ASSERTIONS, MATCH, SET, type Nfa } from './nfa.ts';
import type { PatternTree } from './pattern-tree.ts';

export const STEPS_MAX = 256;
const WORK_MAX = 50_000;

/** At most so many steps of such an engine for each unit of the text and one more; null: not proved. */
export function backtrackingStepsOf(tree: PatternTree, nfa: Nfa): number | null {
  const steps = Math.min(waysOf(tree).steps + 1, unambiguousSteps(nfa));
  return steps <= STEPS_MAX ? steps : null;
}

// ---- F --------------------------------------------------------------------------------------------------------------

/** Ways through a part from one place, and steps on all of them. */
interface Ways {
  readonly ways: number;
  readonly steps: number;
}

const NONE: Ways = { ways: 1, steps: 0 };
const ENDLESS: Ways = { ways: Infinity, steps: Infinity };

const after = (first: Ways, second: Ways): Ways => ({
  ways: first.ways * second.ways,
  // Endless ways to what takes no step are none.
  steps: first.steps + (second.steps === 0 ? 0 : first.ways * second.steps),
});

function waysOf(tree: PatternTree): Ways {
  switch (tree.kind) {
    case 'set':
    case 'assertion':
      return { ways: 1, steps: 1 };
    case 'sequence':
      return tree.of.map(waysOf).reduce(after, NONE);
    case 'choice': {
      const all = tree.of.map(waysOf);
      return {
        ways: all.reduce((sum, { ways }) => sum + ways, 0),
        steps: all.reduce((sum, { steps }) => sum + steps, tree.of.length - 1),
      };
    }
    case 'repeat':
      return tree.max === Infinity ? ENDLESS : waysOfRepeat(waysOf(tree.of), tree.min, tree.max);
  }
}

function waysOfRepeat(once: Ways, min: number, max: number): Ways {
  let all = NONE;
  // From the last repeat to the first: each may be left out, or read and followed by the rest.
  for (let i = min; i < max && all.steps <= STEPS_MAX; i++) {
    const read = after(once, all);
    all = { ways: read.ways + 1, steps: read.steps + 1 };
  }
  for (let i = 0; i < min && all.steps <= STEPS_MAX; i++) all = after(once, all);
  return all;
}

// ---- U --------------------------------------------------------------------------------------------------------------

/** Where one may be after a unit was read, and how many states are looked at to get there. */
interface Follow {
  readonly positions: readonly number[];
  readonly looked: number;
}

/** Infinity: it is ambiguous, or more than STEPS_MAX. */
function unambiguousSteps(nfa: Nfa): number {
  const follows = allFollows(nfa);
  if (follows === null || isAmbiguous(nfa, follows)) return Infinity;
  return [...follows.values()].reduce((sum, { looked }) => sum + looked, 0);
}

/** The place before the first unit of a match; where a search may begin anywhere it follows itself. */
const BEFORE = -1;

/** Null: more than STEPS_MAX are looked at in all, or one in two ways. */
function allFollows(nfa: Nfa): ReadonlyMap<number, Follow> | null {
  const begin = followOf(nfa, nfa.start);
  if (begin === null) return null;
  const positions = isAnchored(nfa) ? begin.positions : [BEFORE, ...begin.positions];
  const follows = new Map([[BEFORE, { positions, looked: begin.looked }]]);
  let looked = begin.looked;
  const waiting = [...begin.positions];
  for (let position = waiting.pop(); position !== undefined; position = waiting.pop()) {
    if (follows.has(position)) continue;
    const follow = followOf(nfa, nfa.next[position]!);
    if (follow === null || (looked += follow.looked) > STEPS_MAX) return null;
    follows.set(position, follow);
    waiting.push(...follow.positions);
  }
  return follows;
}

/** Assertions are taken to hold. Null: too many, or a state is reached in two ways that read nothing. */
function followOf({ operations, next, value }: Nfa, from: number): Follow | null {
  const seen = new Set<number>();
  const positions: number[] = [];
  const waiting = [from];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    const operation = operations[state];
    // There the search ends.
    if (operation === MATCH) continue;
    if (seen.has(state) || seen.size >= STEPS_MAX) return null;
    seen.add(state);
    if (operation === SET) positions.push(state);
    else if (operation === ASSERT) waiting.push(next[state]!);
    else waiting.push(next[state]!, value[state]!);
  }
  return { positions, looked: seen.size + 1 };
}

/** Does every way begin with `^`? */
function isAnchored({ operations, next, value, start }: Nfa): boolean {
  const textBegin = ASSERTIONS.indexOf('text begin');
  const seen = new Set<number>();
  const waiting = [start];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    if (seen.has(state)) continue;
    seen.add(state);
    const operation = operations[state];
    if (operation === SET || operation === MATCH) return false;
    if (operation === ASSERT && value[state] === textBegin) continue;
    waiting.push(next[state]!);
    if (operation !== ASSERT) waiting.push(value[state]!);
  }
  return true;
}

/** Do two ways that parted over the same text meet again? */
function isAmbiguous(nfa: Nfa, follows: ReadonlyMap<number, Follow>): boolean {
  const alike = alikeIn(nfa);
  const seen = new Set<number>();
  const pairs: [number, number][] = [...follows.keys()].map((position) => [position, position]);
  let work = 0;
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [p, q] = pair;
    for (const a of follows.get(p)!.positions)
      for (const b of follows.get(q)!.positions) {
        if (++work > WORK_MAX) return true;
        if (a === b && p !== q) return true;
        const key = Math.min(a, b) * 0x10000 + Math.max(a, b);
        if (a === b || seen.has(key) || !alike(a, b)) continue;
        seen.add(key);
        pairs.push([a, b]);
      }
  }
  return false;
}

/** May the same unit be read at both? */
function alikeIn({ value, sets }: Nfa): (a: number, b: number) => boolean {
  const known = new Map<number, boolean>();
  return (a, b) => {
    if (a === BEFORE || b === BEFORE) return true;
    const key = value[a]! * 0x10000 + value[b]!;
    let answer = known.get(key);
    if (answer === undefined)
      known.set(key, (answer = overlap(sets[value[a]!]!, sets[value[b]!]!)));
    return answer;
  };
}
