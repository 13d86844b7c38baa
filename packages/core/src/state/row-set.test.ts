import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RowSet } from './row-set.ts';

test('a set of rows is a set of numbers in the order in which they came', () => {
  const asked = fc.array(fc.option(fc.nat(300), { freq: 9 }), { maxLength: 200 });
  fc.assert(
    fc.property(asked, (rows) => {
      const [ours, known] = [new RowSet(), new Set<number>()];
      for (const row of rows) {
        if (row === null) {
          ours.clear();
          known.clear();
        } else {
          assert.equal(ours.has(row), known.has(row));
          ours.add(row);
          known.add(row);
        }
        assert.deepEqual(ours.rows, [...known]);
      }
    }),
  );
});
