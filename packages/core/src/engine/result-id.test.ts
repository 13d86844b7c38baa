import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../plan/json.ts';
import { resultId, StepEvents } from './result-id.ts';

test('the id is of the JSON of the parts, whatever they are', () => {
  const { part } = fc.letrec<{ part: Json }>((tie) => ({
    part: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.stringMatching(/^[a-z ,.]{0,600}$/),
      fc.maxSafeNat(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom<Json[]>(null, true, {}, 0, 999_999, 1_000_000, 1e12, 2 ** 53, -0),
      fc.array(tie('part'), { maxLength: 4 }),
    ),
  }));
  const asked = fc.array(part, { maxLength: 8 });
  fc.assert(
    fc.property(asked, (parts) => {
      const whole = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
      assert.equal(resultId(parts), whole.slice(0, 32));
    }),
    { numRuns: 2000 },
  );
});

test('events of steps are named as lists of what names them', () => {
  const word = fc.oneof(fc.constantFrom('a', 'events', 'p "0"'), fc.string());
  const number = fc.oneof(fc.maxSafeNat(), fc.tuple(fc.string(), fc.integer()));
  const event = fc.record({ step: word, source: word, partition: word, number, at: fc.nat(2e12) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 10 }), (events) => {
      const names = events.map(({ step: _step, ...name }) => ({ name }));
      const steps = events.map(({ step }) => step);
      const lists = events.map((e) => [e.step, e.source, e.partition, e.number, e.at]);
      assert.equal(
        resultId(['sequence', new StepEvents(steps, names)]),
        resultId(['sequence', lists]),
      );
    }),
  );
});
