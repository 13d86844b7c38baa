import type { EventName, Json, ResultChange, SourcesPlan } from '@weir/core';
import { valueAtPath } from '@weir/core/plan/path-value.ts';
import { valueThrough } from '@weir/core/plan/view-value.ts';
import type { ReadField } from '../result-text.ts';
import type { Kafka } from './kafka.ts';
import { TopicReader, type ReadRecord } from './topic-reader.ts';

export type RecordOf = (event: EventName, position: number) => ReadField | undefined;

/** Where an event's record lies; null: its partition is none of Kafka's. */
export function kafkaPlace(
  { partition }: Pick<EventName, 'partition'>,
  position: number,
): { topic: string; partition: number; offset: number } | null {
  const found = /^(.+)-(\d+)$/.exec(partition);
  if (found === null || !Number.isInteger(position)) return null;
  return { topic: found[1]!, partition: Number(found[2]), offset: position };
}

/** More offsets than that between two records: the second is asked for by itself. */
const GAP_MAX = 200;

/** Reads the records that results name as their evidence. What Kafka has deleted by now is not shown. */
export async function evidenceOf(
  kafka: Kafka,
  changes: readonly ResultChange[],
  sources: SourcesPlan | null,
): Promise<RecordOf> {
  const places = changes.flatMap(({ result, positions }) =>
    [...result.first, ...result.last].flatMap(
      (event, i) => kafkaPlace(event, positions[i] ?? Number.NaN) ?? [],
    ),
  );
  const values = new Map<string, Buffer>();
  for (const [, own] of Map.groupBy(places, ({ topic, partition }) => `${topic}\n${partition}`)) {
    const offsets = [...new Set(own.map(({ offset }) => offset))].toSorted((a, b) => a - b);
    const { topic, partition } = own[0]!;
    for (const run of runsOf(offsets))
      for (const { offset, value } of await recordsAt(kafka, topic, partition, run))
        if (value !== null) values.set(`${topic}\n${partition}\n${offset}`, value);
  }
  return (event, position) => {
    const place = kafkaPlace(event, position);
    const value = place && values.get(`${place.topic}\n${place.partition}\n${place.offset}`);
    return value ? fieldsOf(value, event.source, sources) : undefined;
  };
}

function fieldsOf(
  value: Buffer,
  source: string,
  sources: SourcesPlan | null,
): ReadField | undefined {
  let record: Json;
  try {
    record = JSON.parse(value.toString()) as Json;
  } catch {
    return undefined;
  }
  const view = sources?.sources.find(({ name }) => name === source)?.view;
  return (field) =>
    view ? valueThrough(view, record, field.split('.')) : valueAtPath(record, field.split('.'));
}

/** Offsets that lie near to one another are read in one go. */
export function runsOf(offsets: readonly number[]): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = [];
  for (const offset of offsets) {
    const last = runs.at(-1);
    if (last !== undefined && offset - last.to <= GAP_MAX) last.to = offset;
    else runs.push({ from: offset, to: offset });
  }
  return runs;
}

async function recordsAt(
  kafka: Kafka,
  topic: string,
  partition: number,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<ReadRecord[]> {
  const reader = await TopicReader.open(kafka, topic, new Map([[partition, from]]));
  const found: ReadRecord[] = [];
  try {
    while (!reader.isThrough && (found.at(-1)?.offset ?? -1) < to)
      found.push(...(await reader.next()));
  } finally {
    await reader.close();
  }
  return found.filter(({ offset }) => offset <= to);
}
