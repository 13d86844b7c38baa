// What the proof of harmlessness says is true of an engine that counts its steps back and forth.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backtrackingStepsOf } from '../../packages/core/src/patterns/harmless.ts';
import { makeNfa } from '../../packages/core/src/patterns/nfa.ts';
import { parsePattern } from '../../packages/core/src/patterns/parse-pattern.ts';
import type { PatternTree } from '../../packages/core/src/patterns/pattern-tree.ts';
import { Random } from '../engine/random.ts';
import { exhaustiveSteps } from './exhaustive-walk.ts';
import { ambiguous, asRe2, RandomPatterns, type Alphabet } from './random-pattern.ts';

function treeOf(source: string, flags = ''): PatternTree {
  const parsed = parsePattern(source, flags);
  assert.ok('tree' in parsed, source);
  return parsed.tree;
}

function provedSteps(source: string, flags = ''): number | null {
  const tree = treeOf(source, flags);
  return backtrackingStepsOf(tree, makeNfa(tree)!);
}

const PATTERNS = 12_000;
const LENGTH = 60;

for (const [name, alphabet, seed, least] of [
  ['two letters', ambiguous, 11, 0.25],
  ['many letters and classes', asRe2, 12, 0.25],
] as const)
  test(`random patterns of ${name} that are proved take no more steps than the proof says`, () => {
    const random = new Random(seed);
    const made = new RandomPatterns(random, alphabet);
    let proved = 0;
    let unbounded = 0;
    for (let i = 0; i < PATTERNS; i++) {
      const [source, flags] = [made.pattern(2), made.flags()];
      const steps = provedSteps(source, flags);
      if (steps === null) continue;
      proved++;
      if (/[*+]|,\}/.test(source)) unbounded++;
      const tree = treeOf(source, flags);
      for (const text of pumped(random, alphabet)) {
        const most = steps * (text.length + 1);
        const taken = exhaustiveSteps(tree, text, most);
        assert.ok(taken <= most, JSON.stringify({ source, flags, text, steps }));
      }
    }
    assert.ok(proved > PATTERNS * least, `${proved} were proved`);
    assert.ok(unbounded > PATTERNS * 0.05, `${unbounded} of these repeat without end`);
  });

/** A short text again and again, with others before and behind: what makes an engine go back and forth. */
function pumped(random: Random, { units }: Alphabet): string[] {
  const piece = (most: number): string =>
    Array.from({ length: random.between(1, most) }, () => random.of(units)).join('');
  return Array.from({ length: 5 }, () => {
    const pump = piece(3);
    return piece(2) + pump.repeat(Math.ceil(LENGTH / pump.length)) + piece(2);
  });
}

for (const source of [
  '(a+)+$',
  '^(a+)+$',
  '^(a|a)*$',
  '^(a|ab|b)*c$',
  '^(a*)*$',
  '^(a?)*b',
  '^(?:a?b?)*c',
  'a+b',
  '\\s+$',
  'a.*b',
  '^.*a.*b',
  '^a*a*b',
  '^\\d+\\d+x',
  '(?:a|a){20}b',
  '(?:a?){30}',
  '\\+.*\\+.*\\+',
  'x*',
])
  test(`${source} is not proved`, () => assert.equal(provedSteps(source), null));

for (const source of [
  'abc',
  '^(?:[A-Za-z]+V[0-9]*)$',
  '\\.(?:exe|dll|scr|ps1)$',
  '^10\\.0\\.\\d+\\.\\d+$',
  '(?:\\d{1,3}\\.){3}\\d{1,3}',
  '^\\s*at ',
  '^\\d+(?:\\.\\d+)?(?:e\\d+)?$',
  'Failed password for (?:invalid user )?\\S+ from [\\d.]+',
  'mimikatz|sekurlsa|lsadump|kerberos|procdump',
])
  test(`${source} is proved`, () => assert.notEqual(provedSteps(source), null));
