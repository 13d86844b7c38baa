import { fileBytes, StreamReader } from '@weir/connectors';
import { makeTimeReader } from '@weir/core/plan/parse-time.ts';
import { valueAtPath } from '@weir/core/plan/path-value.ts';
import type { BatchFrame, Json, SourcePlan, TimeFieldPlan } from '@weir/core';
import { existsSync, readFileSync } from 'node:fs';
import { readConfig } from '@weir/core/language/config/config.ts';
import { EXIT, Failure } from '../failure.ts';
import { count } from '../paint.ts';
import type { Kafka, KafkaRecord } from './kafka.ts';
import { wholeNumber } from './options.ts';
import { withPlace, type Place, type PlaceOptions } from './place.ts';
import { createMissing, sourceTopics } from './topics.ts';

export interface ProduceOptions extends PlaceOptions {
  readonly topic: string;
  readonly partition?: string;
  /** Over all partitions in turn. */
  readonly spread?: boolean;
  readonly atArrival?: boolean;
  readonly config?: string;
  readonly source?: string;
  readonly json?: boolean;
}

/** Records that go to the broker at once: enough to be quick, few enough to stay below its limits. */
const RECORDS_AT_ONCE = 500;
const BYTES_AT_ONCE = 500_000;

/** `weir flink produce`: the records of a file, each as a record of a topic. */
export async function produce(file: string, options: ProduceOptions): Promise<number> {
  if (!existsSync(file)) throw new Failure(`${file} is not there`);
  const atOf = options.atArrival === true ? arrivalOf(options) : null;
  const partition = wholeNumber('--partition', options.partition ?? '0', 0, 100_000);
  await withPlace(options, async (place) => {
    const partitions = await partitionsOf(place, options.topic);
    if (partition >= partitions)
      throw new Failure(`topic ${options.topic} has ${partitions} partitions, counted from 0`);
    const sender = new Sender(place.kafka);
    let next = 0;
    for await (const value of recordsOf(file)) {
      await sender.take({
        topic: options.topic,
        // A file is one stream, whose order may mean something: it stays in one partition unless somebody says otherwise.
        partition: options.spread === true ? next++ % partitions : partition,
        value,
        ...(atOf === null ? {} : { at: atOf(value) }),
      });
    }
    await sender.flush();
    if (options.json)
      console.log(JSON.stringify({ kind: 'produced', topic: options.topic, records: sender.sent }));
    else console.log(`${count(sender.sent)} records of ${file} are in topic ${options.topic}`);
  });
  return EXIT.ok;
}

/** A topic that is not there is made, as `submit` would, on a broker that `weir flink up` has started: for others a name may be a slip. */
async function partitionsOf({ kafka, cluster }: Place, topic: string): Promise<number> {
  const there = await kafka.admin((admin) => admin.listTopics());
  if (!there.includes(topic)) {
    if (cluster === null)
      throw new Failure(`there is no topic ${topic}; weir flink submit makes those of the sources`);
    await createMissing(kafka, sourceTopics([topic], cluster.partitions));
    process.stderr.write(`weir: made the topic ${topic}\n`);
  }
  const metadata = await kafka.admin((admin) =>
    admin.metadata({ topics: [topic], forceUpdate: true }),
  );
  return metadata.topics.get(topic)!.partitionsCount;
}

async function* recordsOf(file: string): AsyncGenerator<Buffer> {
  const name = { source: '', partition: file };
  const reader = new StreamReader({ name, pieces: fileBytes(file), path: file, now: null });
  try {
    for (let batch = await reader.next(); batch !== null; batch = await reader.next())
      yield* bytesOf(batch.frame);
  } finally {
    await reader.close();
  }
}

/** Copied, since the bytes of a batch are used again. */
const bytesOf = ({ bytes, starts, lengths }: BatchFrame): Buffer[] =>
  [...starts].map((start, i) => Buffer.from(bytes.slice(start, start + lengths[i]!)));

/** Gathers records, and sends them some at a time. */
class Sender {
  readonly #kafka: Kafka;
  #waiting: KafkaRecord[] = [];
  #bytes = 0;
  sent = 0;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  async take(record: KafkaRecord & { readonly value: Buffer }): Promise<void> {
    this.#waiting.push(record);
    this.#bytes += record.value.length;
    if (this.#waiting.length >= RECORDS_AT_ONCE || this.#bytes >= BYTES_AT_ONCE) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    await this.#kafka.send(this.#waiting);
    this.sent += this.#waiting.length;
    this.#waiting = [];
    this.#bytes = 0;
  }
}

/** When a record was received, by the field that its source declares. A record that does not say so is of now. */
function arrivalOf({
  config = 'weir.yaml',
  source,
  topic,
}: ProduceOptions): (value: Buffer) => number {
  if (!existsSync(config))
    throw new Failure(
      `--at-arrival asks weir.yaml for the field, and ${config} is not there: --config names it`,
    );
  const { sources } = readConfig(readFileSync(config, 'utf8'), config).sources;
  const name = source ?? topic;
  const found: SourcePlan | undefined =
    sources.find((one) => one.name === name) ?? (sources.length === 1 ? sources[0] : undefined);
  if (found === undefined)
    throw new Failure(
      `no source is called ${name}: ${sources.map((one) => one.name).join(', ')}; --source names it`,
    );
  if (found.arrivedAt === null)
    throw new Failure(
      `source ${found.name} declares no arrivedAt, so its records do not say when they were received`,
    );
  return arrivalReader(found.arrivedAt);
}

export function arrivalReader(field: TimeFieldPlan): (value: Buffer) => number {
  const read = makeTimeReader(field);
  return (value) => {
    const record = parsed(value);
    for (const path of field.paths) {
      const at = read(valueAtPath(record, path));
      if (!Number.isNaN(at)) return at;
    }
    return Date.now();
  };
}

/** What is no JSON has no fields; the job sets it aside. */
function parsed(value: Buffer): Json {
  try {
    return JSON.parse(value.toString()) as Json;
  } catch {
    return null;
  }
}
