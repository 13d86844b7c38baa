import { Consumer } from '@platformatic/kafka';
import {
  committedBatches,
  lastOffsetOf,
  type FetchedPartition,
  type FetchResponse,
} from './committed.ts';
import type { Kafka } from './kafka.ts';

export interface ReadRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** ms. */
  readonly at: number;
  readonly key: string | null;
  readonly value: Buffer | null;
}

interface Place {
  readonly partition: number;
  readonly leader: number;
  next: bigint;
  /** Where the topic ended when reading began. */
  readonly end: bigint;
}

const EARLIEST = -2n;
const LATEST = -1n;
const READ_COMMITTED = 1;
const WAIT_MS = 500;
const BYTES_MAX = 16 * 1024 * 1024;

/**
 * Reads a topic from its beginning, or from offsets, as its leaders hold it: without a group, so that looking leaves no
 * trace. Only what was committed is given.
 */
export class TopicReader {
  readonly #kafka: Kafka;
  readonly #consumer: Consumer;
  readonly #topic: string;
  #id = '';
  #places: Place[] = [];

  private constructor(kafka: Kafka, topic: string) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#consumer = new Consumer({
      ...kafka.options,
      groupId: 'weir-reader',
      maxWaitTime: WAIT_MS,
    });
  }

  /** `from`: offsets by partition, `end`: what comes from now on; else from the beginning. */
  static async open(
    kafka: Kafka,
    topic: string,
    from: 'beginning' | 'end' | ReadonlyMap<number, number> = 'beginning',
  ): Promise<TopicReader> {
    const reader = new TopicReader(kafka, topic);
    try {
      await kafka.told(() => reader.#open(from));
    } catch (error) {
      // Its connections would keep the process alive.
      await reader.close();
      throw error;
    }
    return reader;
  }

  async #open(from: 'beginning' | 'end' | ReadonlyMap<number, number>): Promise<void> {
    const [metadata, earliest, latest] = await Promise.all([
      this.#consumer.metadata({ topics: [this.#topic] }),
      this.#offsets(EARLIEST),
      this.#offsets(LATEST),
    ]);
    const { id, partitions } = metadata.topics.get(this.#topic)!;
    this.#id = id;
    this.#places = partitions.flatMap(({ leader }, partition) => {
      const named = typeof from === 'string' ? undefined : from.get(partition);
      if (typeof from !== 'string' && named === undefined) return [];
      const end = latest[partition]!;
      const first = from === 'end' ? end : earliest[partition]!;
      return [{ partition, leader, next: named === undefined ? first : BigInt(named), end }];
    });
  }

  async #offsets(timestamp: bigint): Promise<bigint[]> {
    const topics = [this.#topic];
    const isolationLevel = READ_COMMITTED;
    return (await this.#consumer.listOffsets({ topics, timestamp, isolationLevel })).get(
      this.#topic,
    )!;
  }

  /** Has everything been read that was there when reading began? */
  get isThrough(): boolean {
    return this.#places.every(({ next, end }) => next >= end);
  }

  /** The end offset of each partition when reading began. */
  get ends(): number[] {
    return this.#places.map(({ end }) => Number(end));
  }

  /** What comes next; nothing if nothing has come within half a second. */
  async next(): Promise<ReadRecord[]> {
    const leaders = Map.groupBy(this.#places, ({ leader }) => leader);
    const answers = await this.#kafka.told(() =>
      Promise.all([...leaders].map(([node, places]) => this.#fetch(node, places))),
    );
    return answers.flatMap(({ responses }) =>
      responses.flatMap(({ partitions }) => partitions.flatMap((one) => this.#take(one))),
    );
  }

  #fetch(node: number, places: readonly Place[]): Promise<FetchResponse> {
    return this.#consumer.fetch({
      node,
      isolationLevel: READ_COMMITTED,
      minBytes: 1,
      maxBytes: BYTES_MAX,
      maxWaitTime: WAIT_MS,
      topics: [
        {
          topicId: this.#id,
          partitions: places.map(({ partition, next }) => ({
            partition,
            currentLeaderEpoch: -1,
            fetchOffset: next,
            lastFetchedEpoch: -1,
            partitionMaxBytes: BYTES_MAX,
          })),
        },
      ],
    });
  }

  #take(answer: FetchedPartition): ReadRecord[] {
    const place = this.#places.find(({ partition }) => partition === answer.partitionIndex)!;
    const from = place.next;
    const last = answer.records?.at(-1);
    if (last !== undefined) place.next = lastOffsetOf(last) + 1n;
    return committedBatches(answer).flatMap(({ firstOffset, firstTimestamp, records }) =>
      records
        .map(({ offsetDelta, timestampDelta, key, value }) => ({
          topic: this.#topic,
          partition: place.partition,
          offset: Number(firstOffset) + offsetDelta,
          at: Number(firstTimestamp + timestampDelta),
          key: key === null ? null : key.toString(),
          value,
        }))
        // A batch is given whole, also if it is asked for from its midst.
        .filter(({ offset }) => BigInt(offset) >= from),
    );
  }

  async close(): Promise<void> {
    await this.#consumer.close(true);
  }
}

/** Everything that is in a topic now, in the order of each partition. */
export async function* recordsIn(kafka: Kafka, topic: string): AsyncGenerator<ReadRecord> {
  const reader = await TopicReader.open(kafka, topic);
  try {
    while (!reader.isThrough) yield* await reader.next();
  } finally {
    await reader.close();
  }
}
