import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeFrame, encodeFrame, FrameError, FrameReader, type Frame } from './frames-codec.ts';

const vectors = JSON.parse(
  readFileSync(new URL('./frames-vectors.json', import.meta.url), 'utf8'),
) as { frame: Record<string, unknown>; hex: string }[];

const BYTES = new Set(['bytes', 'rows']);
const FLOATS = new Set(['numbers', 'arrivedAt']);
const INTEGERS = new Set(['starts', 'lengths']);

/** A frame of the vectors: lists of numbers stand for typed arrays. */
function frameOf(json: unknown): Frame {
  return JSON.parse(JSON.stringify(json), (name, value: unknown) => {
    if (!Array.isArray(value)) return value;
    if (BYTES.has(name)) return Uint8Array.from(value as number[]);
    if (FLOATS.has(name)) return Float64Array.from(value as number[], (one) => one ?? Number.NaN);
    return INTEGERS.has(name) ? Int32Array.from(value as number[]) : value;
  }) as Frame;
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('frames are the bytes that the vectors say', () => {
  for (const { frame, hex } of vectors)
    assert.equal(hexOf(encodeFrame(frameOf(frame))), hex, String(frame['type']));
});

test('what is encoded decodes to itself, in pieces of any size', () => {
  const frames = vectors.map(({ frame }) => frameOf(frame));
  const whole = Buffer.concat(frames.map(encodeFrame));
  for (const size of [1, 3, 7, 64, whole.length]) {
    const reader = new FrameReader();
    const read: Frame[] = [];
    for (let at = 0; at < whole.length; at += size)
      read.push(...reader.push(whole.subarray(at, at + size)));
    assert.deepEqual(read.map(encodeFrame).map(hexOf), frames.map(encodeFrame).map(hexOf));
    assert.equal(reader.heldBytes, 0);
  }
});

test('a clock at infinity and an error without a number survive', () => {
  const counts = {
    read: 0,
    decoded: 0,
    undecodable: 0,
    duplicates: 0,
    wanted: 0,
    late: 0,
    noTime: 0,
    future: 0,
    noKey: 0,
    excepted: 0,
    clock: -Infinity,
    newest: 5,
    rules: [],
  };
  const done = decodeFrame(encodeFrame({ type: 'done', counts }).subarray(4));
  assert.equal(done.type === 'done' && done.counts.clock, -Infinity);
  const errors = decodeFrame(
    encodeFrame({
      type: 'errors',
      errors: [
        {
          rules: ['a'],
          clause: 'late',
          message: '',
          source: '',
          partition: '',
          number: Number.NaN,
        },
      ],
    }).subarray(4),
  );
  assert.ok(errors.type === 'errors' && Number.isNaN(errors.errors[0]?.number));
});

test('bytes that are no frame are refused', () => {
  assert.throws(() => decodeFrame(Uint8Array.of(99, 0, 0, 0, 0)), FrameError);
  assert.throws(() => decodeFrame(Uint8Array.of(0, 255, 0, 0, 0)), FrameError);
  assert.throws(() => new FrameReader().push(Uint8Array.of(255, 255, 255, 255)), FrameError);
});
