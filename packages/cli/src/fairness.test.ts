import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuleCounts } from '@weir/core';
import { Fairness, type Cost } from './fairness.ts';

const rule = (name: string, cpuMs: number, parked = false): RuleCounts => ({
  rule: name,
  matched: 0,
  filterCalls: 0,
  filterErrors: 0,
  late: 0,
  excepted: 0,
  results: 0,
  flagged: false,
  parked,
  calls: 0,
  cpuMs,
});
const cost = (now: number, busyMs: number, ...rules: RuleCounts[]): Cost => ({
  now,
  busyMs,
  rules,
});

test('the dearest rule stands back once the engine works without rest', () => {
  const fairness = new Fairness({ share: null });
  assert.equal(fairness.next(cost(0, 0, rule('a', 0), rule('b', 0))), null);
  assert.equal(fairness.next(cost(300, 300, rule('a', 10), rule('b', 290))), null, 'too early');
  assert.equal(fairness.next(cost(500, 490, rule('a', 50), rule('b', 400))), null, 'a burst');
  assert.deepEqual(fairness.next(cost(1000, 990, rule('a', 100), rule('b', 800))), {
    rule: 'b',
    share: 0.8,
  });
});

test('an engine that keeps up defers nobody, unless a share was asked for', () => {
  const costs = [
    cost(0, 0, rule('a', 0), rule('b', 0)),
    cost(1000, 400, rule('a', 10), rule('b', 380)),
  ];
  const [keeps, asked] = [new Fairness({ share: null }), new Fairness({ share: 0.3 })];
  assert.deepEqual(
    costs.map((one) => keeps.next(one)),
    [null, null],
  );
  assert.deepEqual(
    costs.map((one) => asked.next(one)?.rule ?? null),
    [null, 'b'],
  );
});

test('rules that share the load, a rule alone, and one that is parked are left as they are', () => {
  const even = (now: number): Cost =>
    cost(now, now, ...Array.from({ length: 10 }, (_, i) => rule(`r${i}`, now / 10)));
  const alone = (now: number): Cost => cost(now, now, rule('a', now));
  const parked = (now: number): Cost =>
    cost(now, now, rule('a', now, true), rule('b', now / 10), rule('c', 0));
  for (const costs of [even, alone, parked]) {
    const fairness = new Fairness({ share: null });
    for (const now of [0, 1000, 2000, 3000]) assert.equal(fairness.next(costs(now)), null);
  }
});

test('an engine that was started again has not given time back', () => {
  const fairness = new Fairness({ share: null });
  fairness.next(cost(0, 0, rule('a', 5000), rule('b', 9000)));
  assert.equal(fairness.next(cost(1000, 1000, rule('a', 100), rule('b', 200))), null);
  assert.equal(fairness.next(cost(2000, 2000, rule('a', 200), rule('b', 300))), null);
});
