// A thread that writes logins to a topic as time goes by, each once, whatever happens to the broker. Run as a worker.
import { setTimeout as wait } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Kafka, type KafkaRecord } from '../../packages/cli/src/flink/kafka.ts';
import { TopicReader } from '../../packages/cli/src/flink/topic-reader.ts';
import { loginRecords, type LoginStream } from './logins.ts';

export interface TrafficPlan {
  readonly stream: Omit<LoginStream, 'events'>;
  readonly topic: string;
  readonly brokers: string;
}

export interface TrafficNews {
  readonly sent: number;
  /** How late the newest record is, ms. */
  readonly lateMs: number;
  /** Set when all is written: what the stream was. */
  readonly whole: LoginStream | null;
}

const EVERY_MS = 50;
const AT_ONCE_MAX = 4000;

const { stream, topic, brokers } = workerData as TrafficPlan;
const { startAt, eventsPerSecond } = stream;
const whole: { -readonly [Key in keyof LoginStream]: LoginStream[Key] } = {
  ...stream,
  events: Infinity,
};
let kafka = new Kafka({ brokers, properties: {} });
let sent = 0;
let newestAt = startAt;

/** The records that are not in the topic yet: its end says so, since nobody else writes. */
async function missingOf(waiting: readonly NumberedRecord[]): Promise<NumberedRecord[]> {
  for (;;) {
    await wait(300);
    try {
      await kafka.close().catch(() => {});
      kafka = new Kafka({ brokers, properties: {} });
      const reader = await TopicReader.open(kafka, topic);
      const { ends } = reader;
      await reader.close();
      return waiting.filter(({ partition, number }) => number >= ends[partition]!);
    } catch {
      // The broker is not back yet.
    }
  }
}

interface NumberedRecord extends KafkaRecord {
  readonly partition: number;
  readonly number: number;
}

async function send(records: readonly NumberedRecord[]): Promise<void> {
  let waiting = records;
  while (waiting.length > 0)
    try {
      await kafka.send(waiting);
      waiting = [];
    } catch {
      waiting = await missingOf(waiting);
    }
  sent += records.length;
}

const tell = (all: LoginStream | null): void =>
  parentPort!.postMessage({
    sent,
    lateMs: Date.now() - newestAt,
    whole: all,
  } satisfies TrafficNews);

/** The stream ends with what is due now; a closing record of each partition follows. */
parentPort!.once('message', (closesAfterMs: number) => {
  whole.events = Math.floor(((Date.now() - startAt) * eventsPerSecond) / 1000);
  whole.closedAt = Math.floor(startAt + (whole.events * 1000) / eventsPerSecond) + closesAfterMs;
});

const telling = setInterval(() => tell(null), 1000);
const records = loginRecords(whole);
for (let isOver = false; !isOver;) {
  const due = ((Date.now() - startAt) * eventsPerSecond) / 1000 - sent;
  const wanted = whole.events === Infinity ? Math.min(due, AT_ONCE_MAX) : AT_ONCE_MAX;
  const taken: NumberedRecord[] = [];
  while (taken.length < wanted) {
    const next = records.next();
    isOver = next.done === true;
    if (next.done) break;
    const { partition, number, record } = next.value;
    const isClosing = sent + taken.length >= whole.events;
    const at = isClosing ? { at: whole.closedAt! } : {};
    taken.push({ topic, partition, number, value: record, ...at });
  }
  await send(taken);
  newestAt = startAt + (sent * 1000) / eventsPerSecond;
  if (due < wanted + eventsPerSecond / 10) await wait(EVERY_MS);
}
clearInterval(telling);
await kafka.close();
tell({ ...whole });
parentPort!.close();
