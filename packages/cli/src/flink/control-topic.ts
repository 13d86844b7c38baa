import { controlEntry, type ControlEntry, type KeyedRecord } from './control-records.ts';
import type { Kafka } from './kafka.ts';
import { TopicReader } from './topic-reader.ts';

/** What a control topic holds now. */
export interface ControlTopic {
  readonly entries: readonly ControlEntry[];
  /** The offset that the next record will have. */
  readonly end: number;
}

export async function readControl(kafka: Kafka, topic: string): Promise<ControlTopic> {
  const reader = await TopicReader.open(kafka, topic);
  const entries: ControlEntry[] = [];
  try {
    while (!reader.isThrough)
      for (const { key, value, offset, at } of await reader.next()) {
        const entry = controlEntry(key, value, offset, at);
        if (entry !== null) entries.push(entry);
      }
    return { entries, end: reader.ends[0] ?? 0 };
  } finally {
    await reader.close();
  }
}

/** Writes records in order. Gives the offset behind the last one. */
export async function writeControl(
  kafka: Kafka,
  topic: string,
  records: readonly KeyedRecord[],
): Promise<number> {
  let end = 0;
  for (const { key, record } of records) {
    const [written] = await kafka.send([
      { topic, partition: 0, key, value: JSON.stringify(record) },
    ]);
    end = Number(written!.offset) + 1;
  }
  return end;
}
