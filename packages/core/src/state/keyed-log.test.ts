import test from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KeyedLog } from './keyed-log.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { TimerHeap } from './timer-heap.ts';
import type { Json } from '../plan/json.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

test('a keyed log holds what a map of lists holds, through removals, trims and compactions', () => {
  const operation = fc.record({
    kind: fc.constantFrom('append', 'append', 'append', 'trim', 'remove'),
    key: fc.integer({ min: 0, max: 40 }).map((n) => `key-${n}`),
    size: fc.integer({ min: 1, max: 200_000 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const log = new KeyedLog();
      const model = new Map<string, number[]>();
      for (const { kind, key, size } of operations) {
        const k = bytesOf(key);
        if (kind === 'append') {
          const row = log.findOrAdd(k, 0, k.length);
          const entry = new Uint8Array(size).fill(size % 251);
          log.append(row, entry, 0, size);
          model.set(key, [...(model.get(key) ?? []), size]);
        } else {
          const row = log.find(k, 0, k.length);
          assert.equal(row === -1, !model.has(key));
          if (row === -1) continue;
          if (kind === 'remove') {
            log.remove(row);
            model.delete(key);
          } else {
            log.trim(row, (bytes, start) => bytes[start]! % 2 === 0);
            model.set(
              key,
              model.get(key)!.filter((n) => (n % 251) % 2 === 0),
            );
          }
        }
      }
      assert.equal(log.size, model.size);
      for (const [key, sizes] of model) {
        const k = bytesOf(key);
        const row = log.find(k, 0, k.length);
        const held: number[] = [];
        log.forEach(row, (bytes, start, end) => {
          held.push(end - start);
          assert.equal(bytes[end - 1], (end - start) % 251);
        });
        assert.deepEqual(held.reverse(), sizes);
        assert.equal(log.count(row), sizes.length);
        assert.deepEqual(log.key(row), k);
      }
    }),
    { numRuns: 60 },
  );
});

test('timers come out in order of their due times, also after they were moved or cleared', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(30), fc.integer({ min: -5, max: 50 })), { maxLength: 100 }),
      (sets) => {
        const heap = new TimerHeap();
        const model = new Map<number, number>();
        for (const [row, due] of sets) {
          if (due < 0) {
            heap.clear(row);
            model.delete(row);
          } else {
            heap.set(row, due);
            model.set(row, due);
          }
        }
        const taken: number[] = [];
        while (heap.size > 0) {
          const { next } = heap;
          const row = heap.take();
          assert.equal(model.get(row), next);
          taken.push(next);
        }
        assert.deepEqual(
          taken,
          [...model.values()].sort((a, b) => a - b),
        );
      },
    ),
  );
});

test('plain values survive writing and reading', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const writer = new ByteWriter();
      writer.value(value as Json);
      writer.value(undefined);
      const reader = new ByteReader(writer.copy());
      assert.equal(JSON.stringify(reader.value()), JSON.stringify(value));
      assert.equal(reader.value(), undefined);
      assert.ok(reader.done);
    }),
  );
});
