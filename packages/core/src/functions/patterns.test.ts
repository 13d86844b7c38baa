import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { arm, defaultCallLimits, LimitBroken, noCallLimits, used } from './budget.ts';
import { libraryByName } from './index.ts';
import { refusePattern } from './patterns.ts';
import { ruleLibrary } from './rule-library.ts';

after(() => arm(noCallLimits));

/** Two thousand states, of which a text of a and b in disorder keeps hundreds busy. */
const LARGE = 'a[ab]{1000}[bc]{990}d|x';
const text = Array.from({ length: 200_000 }, (_, i) => 'ab'[(i * i * 7 + (i >> 3)) % 2]).join('');

const isBroken = (error: unknown): boolean => LimitBroken.is(error) && error.limit === 'steps';

test('a large pattern breaks the limit of steps, written out in the rule or not', () => {
  arm(defaultCallLimits);
  assert.throws(() => ruleLibrary.prepare('find', LARGE)(text), isBroken);
  arm(defaultCallLimits);
  assert.throws(() => ruleLibrary.pattern(LARGE, 'i')(text), isBroken);
  arm(defaultCallLimits);
  assert.throws(() => ruleLibrary.u['findAnywhere']!({ a: [text] }, LARGE), isBroken);
});

test('the same is charged again, though the pattern and its table are kept', () => {
  const costs = Array.from({ length: 3 }, () => {
    arm(defaultCallLimits);
    ruleLibrary.u['find']!(text.slice(0, 8_000), LARGE);
    return used().steps;
  });
  assert.ok(costs[0]! > 10_000);
  assert.deepEqual(costs, [costs[0], costs[0], costs[0]]);
});

test('what no rule asks is not charged', () => {
  arm({ ...defaultCallLimits, steps: 0 });
  assert.equal(libraryByName.get('find')!.run(text.slice(0, 5_000), LARGE), false);
});

test('a rule cannot be in the place of what charges', () => {
  arm(noCallLimits);
  let calls = 0;
  ruleLibrary.u['find']!(text.slice(0, 5_000), LARGE, '', () => calls++);
  assert.equal(calls, 0);
});

test('a list of patterns matches where one of them does; what is refused matches nothing', () => {
  const { run } = libraryByName.get('find')!;
  assert.equal(run('abc', ['x', '(?=a)', 'c$']), true);
  assert.equal(run('abc', ['x', '(?=a)']), false);
  assert.match(refusePattern('(?=a)', '')!, /looks ahead/);
});
