import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FewById } from './few-by-id.ts';

test('it holds what a Map by id would hold, in the same order', () => {
  const id = fc.integer({ min: 0, max: 30 }).map(String);
  const step = fc.record({ id, value: fc.nat(), isDeleted: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const few = new FewById<{ id: string; value: number }>();
      const map = new Map<string, { id: string; value: number }>();
      for (const { id: one, value, isDeleted } of steps) {
        if (isDeleted) assert.equal(few.delete(one), map.delete(one));
        else {
          few.set({ id: one, value });
          map.set(one, { id: one, value });
        }
        assert.deepEqual(few.get(one), map.get(one));
        assert.equal(few.size, map.size);
      }
      assert.deepEqual([...few.values()], [...map.values()]);
    }),
  );
});

test('what is deleted while one goes through it does no harm', () => {
  for (const size of [3, 40]) {
    const few = new FewById<{ id: string }>();
    for (let i = 0; i < size; i++) few.set({ id: String(i) });
    let seen = 0;
    for (const { id } of few.values()) {
      seen++;
      few.delete(id);
    }
    assert.deepEqual([seen, few.size], [size, 0]);
  }
});
