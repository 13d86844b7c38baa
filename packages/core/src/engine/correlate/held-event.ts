import type { Json } from '../../plan/json.ts';
import type { EventName } from '../../plan/result.ts';
import { ByteReader } from '../../state/byte-reader.ts';
import type { ByteWriter } from '../../state/byte-writer.ts';
import { compareEventNumbers } from '../time/event-order.ts';
import type { KeyedLog } from '../../state/keyed-log.ts';
import type { Partitions } from '../time/partitions.ts';

/** An event as a window keeps it: its name, where its bytes lie, and the columns that the rule can read. */
export interface HeldEvent {
  readonly at: number;
  /** Index into `Partitions`. */
  readonly partition: number;
  readonly number: Json;
  /** Ordinal of the record in its stream. */
  readonly position: number;
  readonly columns: readonly (Json | undefined)[];
}

/*
 * As bytes: partition (4, little-endian, so that a receiver can put its own index there), at (6), flag: does the event
 * have a declared number?, position, the number if so, columns. What is looked at without decoding comes first.
 */
const AT_OFFSET = 4;
const REST_OFFSET = 10;

/** All of it but the columns, which follow. */
export function writeEventHead(
  to: ByteWriter,
  at: number,
  partition: number,
  number: Json,
  position: number,
): void {
  to.reserve(REST_OFFSET);
  const { bytes } = to;
  writePartition(bytes, to.length, partition);
  const low = at % 0x1000000;
  const high = (at - low) / 0x1000000;
  let end = to.length + AT_OFFSET;
  for (let shift = 0; shift < 24; shift += 8) {
    bytes[end] = (low >>> shift) & 0xff;
    bytes[3 + end++] = (high >>> shift) & 0xff;
  }
  to.length += REST_OFFSET;
  const declared = number !== position;
  to.varint(position * 2 + (declared ? 1 : 0));
  if (declared) to.value(number);
}

export function partitionOf(bytes: Uint8Array, start: number): number {
  return (
    bytes[start]! +
    bytes[start + 1]! * 0x100 +
    bytes[start + 2]! * 0x10000 +
    bytes[start + 3]! * 0x1000000
  );
}

export function writePartition(bytes: Uint8Array, start: number, partition: number): void {
  for (let i = 0; i < 4; i++) bytes[start + i] = (partition >>> (8 * i)) & 0xff;
}

/** The event time of an encoded event. */
export function atOf(bytes: Uint8Array, start: number): number {
  const low = bytes[start + 4]! | (bytes[start + 5]! << 8) | (bytes[start + 6]! << 16);
  const high = bytes[start + 7]! | (bytes[start + 8]! << 8) | (bytes[start + 9]! << 16);
  return high * 0x1000000 + low;
}

/** Lets events of a row go whose time says so. Gives the time of the oldest that is left; Infinity: none is. */
export function letGo(log: KeyedLog, row: number, isOver: (at: number) => boolean): number {
  let oldest = Infinity;
  let kept = 0;
  for (let entry = log.newest(row); entry !== 0; entry = log.before(entry)) {
    const at = atOf(log.bytesOf(entry), log.startOf(entry));
    if (isOver(at)) log.drop(row, entry, kept);
    else {
      kept = entry;
      if (at < oldest) oldest = at;
    }
  }
  log.dropped();
  return oldest;
}

const reader = new ByteReader();

export function readHeldEvent(bytes: Uint8Array, start: number, columns: number): HeldEvent {
  reader.moveTo(bytes, start + REST_OFFSET);
  const positionAndFlag = reader.varint();
  const position = Math.floor(positionAndFlag / 2);
  const number = positionAndFlag % 2 === 1 ? (reader.value() ?? null) : position;
  const values: (Json | undefined)[] = [];
  for (let i = 0; i < columns; i++) values.push(reader.value());
  return {
    at: atOf(bytes, start),
    partition: partitionOf(bytes, start),
    number,
    position,
    columns: values,
  };
}

/** Whether it is this event. */
export function isEventAt(bytes: Uint8Array, start: number, event: HeldEvent): boolean {
  if (atOf(bytes, start) !== event.at || partitionOf(bytes, start) !== event.partition)
    return false;
  reader.moveTo(bytes, start + REST_OFFSET);
  const positionAndFlag = reader.varint();
  if (Math.floor(positionAndFlag / 2) !== event.position) return false;
  // Results stand at the position of their event: what is declared tells them apart.
  const isDeclared = positionAndFlag % 2 === 1;
  const number = isDeclared ? (reader.value() ?? null) : event.position;
  return compareEventNumbers(number, event.number) === 0;
}

export const areSameEvent = (a: HeldEvent, b: HeldEvent): boolean =>
  a.at === b.at &&
  a.partition === b.partition &&
  a.position === b.position &&
  compareEventNumbers(a.number, b.number) === 0;

/** The first column of an event of a rule of several parts: the bits of its conditions. */
export function bitsOf(from: ByteReader, bytes: Uint8Array, start: number): number {
  from.moveTo(bytes, start + REST_OFFSET);
  if (from.varint() % 2 === 1) from.value();
  return from.value() as number;
}

/** The order of events: ($at, source, partition, number). */
export function compareHeldEvents(partitions: Partitions, a: HeldEvent, b: HeldEvent): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.partition !== b.partition) return partitions.compare(a.partition, b.partition);
  return compareEventNumbers(a.number, b.number);
}

export function nameOf(partitions: Partitions, event: HeldEvent): EventName {
  const { source, partition } = partitions.name(event.partition);
  return { source, partition, number: event.number, at: event.at };
}
