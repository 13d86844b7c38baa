import type { Kafka } from './kafka.ts';
import { TopicReader, type ReadRecord } from './topic-reader.ts';

const LOOKED_AT_EACH = 20;

/** The last few faults that the job has told, newest first. */
export async function newestFaults(kafka: Kafka, topic: string, most: number): Promise<string[]> {
  const looked = await TopicReader.open(kafka, topic, 'end');
  const from = new Map(
    looked.ends.map((end, partition) => [partition, Math.max(0, end - most * LOOKED_AT_EACH)]),
  );
  await looked.close();
  const reader = await TopicReader.open(kafka, topic, from);
  const found: ReadRecord[] = [];
  try {
    while (!reader.isThrough) found.push(...(await reader.next()));
  } finally {
    await reader.close();
  }
  const told = new Map<string, string>();
  for (const { at, value } of found.toSorted((a, b) => b.at - a.at || b.offset - a.offset)) {
    const text = faultText(value);
    // Every part of the job tells of a park.
    if (!told.has(text)) told.set(text, `${new Date(at).toISOString()} ${text}`);
  }
  return [...told.values()].slice(0, most);
}

/** A line of `weir run --json` of kind `error` or `parked`, in words. */
export function faultText(value: Buffer | null): string {
  const text = value?.toString() ?? '';
  let fault: {
    rule?: string;
    rules?: string[];
    clause?: string | null;
    message?: string;
    reason?: { limit: string; message: string };
    partition?: string;
    number?: number;
    event?: { partition: string; number: number } | null;
  };
  try {
    fault = JSON.parse(text) as typeof fault;
  } catch {
    return text;
  }
  const place = fault.event ?? (fault.partition === undefined ? null : fault);
  const where = place === null ? '' : ` (${place.partition} record ${place.number})`;
  const rules = (fault.rules ?? (fault.rule === undefined ? [] : [fault.rule])).join(', ');
  if (fault.reason !== undefined)
    return `${rules} was parked: ${fault.reason.limit}: ${fault.reason.message}${where}`;
  if (fault.message === undefined) return text;
  return `${fault.clause ?? 'fault'}: ${rules === '' ? '' : `${rules}: `}${fault.message}${where}`;
}
