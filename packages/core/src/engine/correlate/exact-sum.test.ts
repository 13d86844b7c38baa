import test from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ExactSum, doubleFrom, unitsOf } from './exact-sum.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

test('a sum of doubles does not depend on their order, nor on values taken out again', () => {
  fc.assert(
    fc.property(
      fc.array(finite, { maxLength: 20 }),
      fc.array(finite, { maxLength: 8 }),
      (values, extra) => {
        const straight = new ExactSum();
        for (const value of values) straight.add(value);
        const other = new ExactSum();
        for (const value of extra) other.add(value);
        for (const value of values.toReversed()) other.add(value);
        for (const value of extra) other.remove(value);
        assert.ok(Object.is(straight.value, other.value), `${straight.value} ${other.value}`);
        assert.ok(Object.is(straight.value, doubleFrom(straight.exact, 1n)));
      },
    ),
    { numRuns: 2000 },
  );
});

test('the sum of ten tenths is one, and of the sawtooth 4.5', () => {
  const tenths = new ExactSum();
  for (let i = 0; i < 10; i++) tenths.add(0.1);
  assert.equal(tenths.value, 1);
  const saw = new ExactSum();
  for (let i = 0; i < 10; i++) saw.add(i / 10);
  assert.equal(saw.value, 4.5);
});

test('every double is itself again after the way through units', () => {
  fc.assert(
    fc.property(finite, (value) => {
      assert.equal(doubleFrom(unitsOf(value), 1n), value === 0 ? 0 : value);
      assert.equal(doubleFrom(unitsOf(value) * 3n, 3n), value === 0 ? 0 : value);
    }),
    { numRuns: 5000 },
  );
});
