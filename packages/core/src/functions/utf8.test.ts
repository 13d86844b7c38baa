import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textOfUtf8, utf8Of } from './utf8.ts';

const platform = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bytes with long runs of ASCII between others, also broken ones; the same for the same seed. */
function bytesOf(seed: number): Uint8Array {
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const length = next(2) === 0 ? next(300) : next(10_000);
  const rare = [2, 40, 4000][next(3)]!;
  return Uint8Array.from({ length }, () => (next(rare) === 0 ? next(256) : 32 + next(90)));
}

test('text of UTF-8 is what the platform makes of it, with runs of ASCII of any length', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const bytes = bytesOf(seed);
    assert.equal(textOfUtf8(bytes, 0, bytes.length), platform.decode(bytes), `seed ${seed}`);
    const part = bytes.subarray(1, -1);
    assert.equal(textOfUtf8(bytes, 1, bytes.length - 1), platform.decode(part), `seed ${seed}`);
  }
});

test('UTF-8 of a text is what the platform makes of it, lone surrogates too', () => {
  for (const text of ['', 'a', 'ä€😀', '\ud800', '\udc00\ud800', 'x'.repeat(5000) + '\ud83d'])
    assert.deepEqual(utf8Of(text), new TextEncoder().encode(text));
});
