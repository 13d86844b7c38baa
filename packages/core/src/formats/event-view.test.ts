// What one rule reads another one reads too, so nothing that a view gives can be changed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventView } from './event-view.ts';
import { makeJsonDecoder } from './json-decoder.ts';

const PATHS = [['a'], ['list'], ['o', 'deep'], ['source']];

function viewOf(...records: readonly object[]): {
  view: EventView;
  moveTo: (record: number) => void;
} {
  const texts = records.map((record) => new TextEncoder().encode(JSON.stringify(record)));
  const lengths = Int32Array.from(texts, ({ length }) => length);
  const starts = Int32Array.from(texts, (_text, i) =>
    texts.slice(0, i).reduce((sum, { length }) => sum + length, 0),
  );
  const bytes = Uint8Array.from(texts.flatMap((text) => [...text]));
  const batch = makeJsonDecoder(PATHS).decode(bytes, starts, lengths, texts.length);
  const view = new EventView(PATHS);
  view.setConstants([[3, 'constant']]);
  return { view, moveTo: (record) => view.moveTo(batch, record) };
}

function assertFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  assert.ok(Object.isFrozen(value), JSON.stringify(value));
  for (const part of Object.values(value)) assertFrozen(part);
}

test('whatever way a value is read, it is frozen to its last part', () => {
  const { view, moveTo } = viewOf({
    a: 1,
    list: [[1], { x: [2] }],
    o: { deep: { er: [3] } },
    more: { y: [4] },
  });
  moveTo(0);
  for (const slot of PATHS.keys()) assertFrozen(view.get(slot));
  assertFrozen(view.at(['more']));
  assertFrozen(view.at(['o', 'deep']));
  assertFrozen(view.whole());
  assert.deepEqual(view.at(['more', 'y']), [4]);
});

test('a whole event is parsed once, and never taken for the next one', () => {
  const { view, moveTo } = viewOf({ a: 1 }, { a: 2 });
  moveTo(0);
  const first = view.whole();
  assert.equal(view.whole(), first);
  assert.deepEqual(first, { a: 1, source: 'constant' });
  moveTo(1);
  assert.deepEqual(view.whole(), { a: 2, source: 'constant' });
  moveTo(0);
  assert.deepEqual(view.whole(), { a: 1, source: 'constant' });
});
