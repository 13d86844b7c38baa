import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviationOf, exactly, rounded, sumOf } from './exact.ts';

test('a double comes back from its exact value', () => {
  for (const value of [
    0,
    1,
    -1,
    0.1,
    1e300,
    5e-324,
    2.2250738585072014e-308,
    Number.MAX_VALUE,
    1 / 3,
    2 ** 53 + 2,
  ])
    assert.equal(rounded({ over: exactly(value), under: 1n << 1074n }), value);
});

test('a sum is rounded once: what cancels leaves what was small', () => {
  assert.equal(sumOf([1e308, 1, -1e308]), 1);
  assert.equal(sumOf(Array.from({ length: 10 }, () => 0.1)), 1);
  assert.equal(sumOf([2 ** 53, 1, 1]), 2 ** 53 + 2);
  assert.equal(sumOf([Number.MAX_VALUE, Number.MAX_VALUE]), Infinity);
});

test('the sine of ten samples sums to what its rounding left', () => {
  const sine = Array.from({ length: 10 }, (_, i) => Math.sin((2 * Math.PI * i) / 10));
  assert.equal(Math.abs(sumOf(sine)) < 1e-15, true);
});

test('a third is the double nearest to it', () => {
  assert.equal(rounded({ over: 1n, under: 3n }), 1 / 3);
  assert.equal(rounded({ over: 2n ** 53n + 1n, under: 1n }), 2 ** 53);
  assert.equal(rounded({ over: 2n ** 53n + 3n, under: 1n }), 2 ** 53 + 4);
});

test('equal values do not deviate, however odd they are', () => {
  assert.equal(deviationOf([0.1, 0.1, 0.1]), 0);
  assert.equal(deviationOf([2, 4, 4, 4, 5, 5, 7, 9]), 2);
});
