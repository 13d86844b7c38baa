import assert from 'node:assert/strict';
import { test } from 'node:test';
import { committedBatches, type FetchedPartition } from './committed.ts';

type Batch = NonNullable<FetchedPartition['records']>[number];

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

const batch = (firstOffset: number, producer: number, attributes: number, key: Buffer): Batch => ({
  firstOffset: BigInt(firstOffset),
  lastOffsetDelta: 0,
  producerId: BigInt(producer),
  attributes,
  length: 0,
  partitionLeaderEpoch: 0,
  magic: 2,
  crc: 0,
  firstTimestamp: 0n,
  maxTimestamp: 0n,
  producerEpoch: 0,
  firstSequence: 0,
  records: [
    {
      length: 0,
      attributes: 0,
      timestampDelta: 0n,
      offsetDelta: 0,
      key,
      value: Buffer.from('v'),
      headers: [],
    },
  ],
});
const data = (offset: number, producer: number): Batch =>
  batch(offset, producer, TRANSACTIONAL, Buffer.from('k'));
const abort = (offset: number, producer: number): Batch =>
  batch(offset, producer, TRANSACTIONAL | CONTROL, Buffer.from([0, 0, 0, 0]));
const commit = (offset: number, producer: number): Batch =>
  batch(offset, producer, TRANSACTIONAL | CONTROL, Buffer.from([0, 0, 0, 1]));

const offsets = (records: Batch[], aborted: readonly (readonly [number, number])[]): number[] =>
  committedBatches({
    records,
    abortedTransactions: aborted.map(([producer, firstOffset]) => ({
      producerId: BigInt(producer),
      firstOffset: BigInt(firstOffset),
    })),
  }).map(({ firstOffset }) => Number(firstOffset));

test('what was committed is given, control records are not', () => {
  assert.deepEqual(
    offsets([data(0, 1), commit(1, 1), batch(2, -1, 0, Buffer.from('k'))], []),
    [0, 2],
  );
});

test('two transactions of one producer may be given up, and one between them be committed', () => {
  const records = [data(0, 1), abort(1, 1), data(2, 1), commit(3, 1), data(4, 1), abort(5, 1)];
  const aborted = [
    [1, 4],
    [1, 0],
  ] as const;
  assert.deepEqual(offsets(records, aborted), [2]);
});

test('a transaction that was given up behind the end of the answer is not given', () => {
  assert.deepEqual(offsets([data(0, 1), data(1, 2), commit(2, 2)], [[1, 0]]), [1]);
});
