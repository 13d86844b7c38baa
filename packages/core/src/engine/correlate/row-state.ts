import type { Json } from '../../plan/json.ts';
import type { ByteReader } from '../../state/byte-reader.ts';
import type { ByteWriter } from '../../state/byte-writer.ts';
import type { KeyedLog } from '../../state/keyed-log.ts';
import type { Partitions } from '../time/partitions.ts';
import { partitionOf, writePartition } from './held-event.ts';

/** What is kept of a row besides its key, its mark and its events. */
export interface RowFacts {
  readonly due: number;
  readonly live: Json;
  readonly levelHold: number;
  readonly alertHold: number;
}

/** Partitions have numbers of their own in each part of the engine: a row says of which its events are. */
export function writeRow(
  writer: ByteWriter,
  row: number,
  log: KeyedLog,
  partitions: Partitions,
  { due, live, levelHold, alertHold }: RowFacts,
): void {
  const local: number[] = [];
  log.forEach(row, (bytes, start) => {
    const partition = partitionOf(bytes, start);
    if (!local.includes(partition)) local.push(partition);
  });
  writer.varint(local.length);
  for (const partition of local) writer.double(partitions.id(partition));
  writer.block(log.key(row));
  writer.double(log.mark(row));
  writer.double(due);
  writer.varint(log.count(row));
  log.forEach(row, (bytes, start, end) => {
    writer.varint(end - start);
    const at = writer.length;
    writer.raw(bytes, start, end);
    writePartition(writer.bytes, at, local.indexOf(partitionOf(bytes, start)));
  });
  writer.value(live);
  writer.double(levelHold);
  writer.double(alertHold);
}

/** Puts a row that was written into the log; gives what else is kept of it. */
export function readRow(
  reader: ByteReader,
  log: KeyedLog,
  partitions: Partitions,
): RowFacts & { readonly row: number } {
  const local = Array.from({ length: reader.varint() }, () => partitions.ofId(reader.double()));
  const key = reader.block();
  const row = log.findOrAdd(key, 0, key.length);
  log.setMark(row, reader.double());
  const due = reader.double();
  const events: Uint8Array[] = [];
  for (let count = reader.varint(); count > 0; count--) events.push(reader.block().slice());
  for (const event of events.reverse()) {
    writePartition(event, 0, local[partitionOf(event, 0)]!);
    log.append(row, event, 0, event.length);
  }
  const live = reader.value() ?? null;
  return { row, due, live, levelHold: reader.double(), alertHold: reader.double() };
}
