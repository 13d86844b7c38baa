import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByRow } from './by-row.ts';

test('it holds what a Map from row numbers would hold', () => {
  const step = fc.record({ row: fc.nat(300), value: fc.nat(), isDeleted: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const byRow = new ByRow<number>();
      const map = new Map<number, number>();
      for (const { row, value, isDeleted } of steps) {
        if (isDeleted) {
          byRow.delete(row);
          map.delete(row);
        } else {
          byRow.set(row, value);
          map.set(row, value);
        }
        assert.equal(byRow.get(row), map.get(row));
        assert.equal(byRow.has(row), map.has(row));
      }
      assert.deepEqual(
        byRow.rows(),
        [...map.keys()].sort((a, b) => a - b),
      );
    }),
  );
});
