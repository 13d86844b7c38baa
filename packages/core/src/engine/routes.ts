import type { FrameFromEngine } from '../frames.ts';
import type { Json } from '../plan/json.ts';
import { ByteReader } from '../state/byte-reader.ts';
import { ByteWriter } from '../state/byte-writer.ts';
import type { Member } from './correlate/alerts.ts';
import { partitionOf, writePartition } from './correlate/held-event.ts';
import type { Partitions } from './time/partitions.ts';
import type { Target } from './place.ts';

/** What a row is: an event, an event that a result is or was, what became of a result for its alert, a recorded event. */
export const ROW = { event: 0, result: 1, removal: 2, alert: 3, refill: 4 } as const;

/** An alert's part in a result, for the part that puts alerts together. */
export interface RoutedAlert {
  readonly texts: readonly string[];
  readonly id: string;
  readonly member: Member | null;
}

/**
 * Rows that are for other parts, gathered until they are taken. Tenants and partitions are written where they first
 * occur in a frame, and after that by their number in it.
 */
export class Routes {
  readonly #partitions: Partitions;
  readonly #byTarget = new Map<number, Outgoing>();

  constructor(partitions: Partitions) {
    this.#partitions = partitions;
  }

  row(
    kind: number,
    target: Target,
    rule: number,
    tenant: string,
    key: Uint8Array,
    keyLength: number,
    event: Uint8Array,
    eventLength: number,
  ): void {
    const { writer, tenants, partitions } = this.#outgoing(target);
    writer.byte(kind);
    writer.varint(rule);
    name(writer, tenants, tenant);
    const partition = partitionOf(event, 0);
    const known = partitions.get(partition);
    writer.varint(known ?? partitions.size);
    if (known === undefined) {
      partitions.set(partition, partitions.size);
      const named = this.#partitions.name(partition);
      writer.text(named.source);
      writer.text(named.partition);
    }
    writer.varint(keyLength);
    writer.raw(key, 0, keyLength);
    writer.varint(eventLength);
    writer.raw(event, 0, eventLength);
  }

  alert(target: Target, rule: number, tenant: string, alert: RoutedAlert): void {
    const { writer, tenants } = this.#outgoing(target);
    writer.byte(ROW.alert);
    writer.varint(rule);
    name(writer, tenants, tenant);
    writer.value(alert.texts);
    writer.text(alert.id);
    writer.value(alert.member as unknown as Json);
  }

  #outgoing({ stage, part }: Target): Outgoing {
    const place = stage * 0x10000 + part;
    let outgoing = this.#byTarget.get(place);
    if (outgoing === undefined) {
      outgoing = {
        stage,
        part,
        writer: new ByteWriter(),
        tenants: new Map(),
        partitions: new Map(),
      };
      this.#byTarget.set(place, outgoing);
    }
    return outgoing;
  }

  /** What was gathered since this was asked. */
  *take(): Generator<FrameFromEngine> {
    for (const { stage, part, writer, tenants, partitions } of this.#byTarget.values()) {
      if (writer.length === 0) continue;
      yield { type: 'route', stage, part, bytes: writer.copy() };
      writer.clear();
      tenants.clear();
      partitions.clear();
    }
  }
}

interface Outgoing {
  readonly stage: number;
  readonly part: number;
  readonly writer: ByteWriter;
  readonly tenants: Map<string, number>;
  readonly partitions: Map<number, number>;
}

function name(writer: ByteWriter, known: Map<string, number>, text: string): void {
  const index = known.get(text);
  writer.varint(index ?? known.size);
  if (index !== undefined) return;
  known.set(text, known.size);
  writer.text(text);
}

/** Takes the rows of one frame, in order. Keys and events lie in the frame's bytes: what is kept of them is copied. */
export interface RowTaker {
  row(
    kind: number,
    rule: number,
    tenant: string,
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    eventStart: number,
    eventEnd: number,
  ): void;
  alert(rule: number, tenant: string, alert: RoutedAlert): void;
}

/** Reads what `Routes` wrote; the partitions of events become those of this part, in the frame's own bytes. */
export function readRows(bytes: Uint8Array, partitions: Partitions, to: RowTaker): void {
  const reader = new ByteReader(bytes);
  const tenants: string[] = [];
  const indexes: number[] = [];
  while (!reader.done) {
    const kind = reader.byte();
    const rule = reader.varint();
    const tenantAt = reader.varint();
    if (tenantAt === tenants.length) tenants.push(reader.text());
    const tenant = tenants[tenantAt]!;
    if (kind === ROW.alert) {
      const texts = reader.value() as string[];
      const id = reader.text();
      const member = (reader.value() ?? null) as unknown as Member | null;
      to.alert(rule, tenant, { texts, id, member });
      continue;
    }
    const partitionAt = reader.varint();
    if (partitionAt === indexes.length)
      indexes.push(partitions.intern(reader.text(), reader.text()));
    const keyLength = reader.varint();
    const keyStart = reader.at;
    reader.at += keyLength;
    const eventLength = reader.varint();
    const eventStart = reader.at;
    reader.at += eventLength;
    writePartition(bytes, eventStart, indexes[partitionAt]!);
    to.row(
      kind,
      rule,
      tenant,
      bytes,
      keyStart,
      keyStart + keyLength,
      eventStart,
      eventStart + eventLength,
    );
  }
}
