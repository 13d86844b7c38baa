import type { Consumer } from '@platformatic/kafka';

export type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
export type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];
type Batch = NonNullable<FetchedPartition['records']>[number];

const IS_TRANSACTIONAL = 0x10;
const IS_CONTROL = 0x20;
const ABORT = 0;

/**
 * The batches of one answer that hold data which counts: no control records, and none of transactions that were given up.
 * The broker names those that reach into the answer, by producer and first offset; a control record ends each. The
 * client's own filter knows one transaction of a producer only, and lets through what ends behind the answer.
 */
export function committedBatches({
  records,
  abortedTransactions,
}: Pick<FetchedPartition, 'records' | 'abortedTransactions'>): Batch[] {
  const coming = (abortedTransactions ?? []).toSorted((a, b) =>
    a.firstOffset < b.firstOffset ? -1 : 1,
  );
  const aborted = new Set<bigint>();
  const kept: Batch[] = [];
  for (const batch of records ?? []) {
    while (coming[0] !== undefined && coming[0].firstOffset <= lastOffsetOf(batch))
      aborted.add(coming.shift()!.producerId);
    if ((batch.attributes & IS_CONTROL) !== 0) {
      if (batch.records[0]?.key?.readInt16BE(2) === ABORT) aborted.delete(batch.producerId);
    } else if ((batch.attributes & IS_TRANSACTIONAL) === 0 || !aborted.has(batch.producerId))
      kept.push(batch);
  }
  return kept;
}

export const lastOffsetOf = ({ firstOffset, lastOffsetDelta }: Batch): bigint =>
  firstOffset + BigInt(lastOffsetDelta);
