// Attack strings cost our engine no more for each unit when they are a hundred times as long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backtrackingStepsOf } from '../../packages/core/src/patterns/harmless.ts';
import { LazyDfa } from '../../packages/core/src/patterns/lazy-dfa.ts';
import { makeNfa } from '../../packages/core/src/patterns/nfa.ts';
import { parsePattern } from '../../packages/core/src/patterns/parse-pattern.ts';
import { compilePattern, isProblem } from '../../packages/core/src/patterns/pattern.ts';
import { attackOf, patternFiles, publishedPatterns } from './published-patterns.ts';
import { caseLines, type RuleFile } from '../sigma/corpus.ts';

const SHORT = 10_000;
const LONG = 1_000_000;

interface Attacked {
  readonly pattern: string;
  readonly flags: string;
  readonly prefix: string;
  readonly pump: string;
  readonly suffix: string;
}

const attackOfLength = (attacked: Attacked, length: number): string =>
  attackOf(attacked, Math.ceil(length / attacked.pump.length));

function dfaOf({ pattern, flags }: Pick<Attacked, 'pattern' | 'flags'>): LazyDfa {
  const parsed = parsePattern(pattern, flags);
  assert.ok('tree' in parsed, `${pattern} is refused`);
  const nfa = makeNfa(parsed.tree);
  assert.ok(nfa !== null, `${pattern} has too many states`);
  return new LazyDfa(nfa);
}

/** With a table that knows nothing yet. */
function stepsOfUnit(attacked: Attacked, length: number): number {
  const dfa = dfaOf(attacked);
  const text = attackOfLength(attacked, length);
  const before = dfa.steps;
  dfa.test(text);
  return (dfa.steps - before) / text.length;
}

for (const file of patternFiles)
  test(`published patterns, ${file}: a unit costs no more steps in a million than in ten thousand`, () => {
    for (const attacked of publishedPatterns(file)) {
      const short = stepsOfUnit(attacked, SHORT);
      const long = stepsOfUnit(attacked, LONG);
      assert.ok(long <= short * 1.1, `${attacked.pattern}: ${short} and ${long}`);
    }
  });

test('published patterns are not given to V8 unless their attack is bounded', () => {
  const given = patternFiles.flatMap(publishedPatterns).filter(({ pattern, flags }) => {
    const parsed = parsePattern(pattern, flags);
    return 'tree' in parsed && backtrackingStepsOf(parsed.tree, makeNfa(parsed.tree)!) !== null;
  });
  assert.deepEqual(
    given.map(({ pattern }) => pattern),
    [],
  );
});

test('published patterns that look around or refer back are refused with that reason', () => {
  for (const { pattern, flags } of publishedPatterns('refused')) {
    const made = compilePattern(pattern, flags);
    assert.ok(isProblem(made) && /cannot be searched in linear time/.test(made.reason), pattern);
  }
});

// "Potential PowerShell Command Line Obfuscation": with one + too few its 14 of `\+.*` cost V8 5 ms for a line of 7 KB.
test('patterns of published Sigma rules that repeat `.*` cost a step a unit', () => {
  const rules = (
    caseLines('rules.ndjson.gz') as (Omit<RuleFile, 'name'> & { path: string })[]
  ).filter(({ text }) =>
    text.includes(String.raw`\+.*\+.*\+.*\+.*\+.*\+.*\+.*\+.*\+.*\+.*\+.*\+.*\+.*\+`),
  );
  assert.notEqual(rules.length, 0);
  const patterns = rules.flatMap(({ text }) =>
    [...text.matchAll(/\|re: '([^'\n]*(?:\.\*[^'\n]*){4,})'/g)].map(([, pattern]) => pattern!),
  );
  assert.ok(patterns.some((pattern) => pattern.split('.*').length >= 14));
  for (const pattern of patterns) {
    const unit = pattern.replace(/^\\/, '')[0]!;
    const count = pattern.split('.*').length;
    const command = `powershell ${`"a" ${unit} 'b' `.repeat(count - 1)}${'x'.repeat(7_000)}`;
    const dfa = dfaOf({ pattern, flags: '' });
    assert.equal(dfa.test(command), false, pattern);
    const before = dfa.steps;
    dfa.test(command);
    assert.equal(dfa.steps - before, command.length, pattern);
    assert.equal(dfa.test(command + unit), true, pattern);
  }
});
