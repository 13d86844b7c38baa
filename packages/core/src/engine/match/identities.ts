import type { Json } from '../../plan/json.ts';
import type { EventView } from '../../formats/event-view.ts';
import type { SourceProgram } from '../program.ts';
import { ByteReader } from '../../state/byte-reader.ts';
import { ByteWriter } from '../../state/byte-writer.ts';
import { KeyedLog } from '../../state/keyed-log.ts';
import type { Partitions } from '../time/partitions.ts';

/** Declared identities that were seen, by partition, until the watermark says that a repetition would be late. */
export class Identities {
  readonly #byPartition = new Map<number, KeyedLog>();
  readonly #key = new ByteWriter();

  /**
   * Was this identity seen before? If not it is remembered until `watermark` has passed `rememberTo`.
   * Costs a look into a hash table.
   */
  isRepeated(partition: number, number: Json, rememberTo: number, watermark: number): boolean {
    const log = this.#logOf(partition);
    while (log.timers.next < watermark) log.remove(log.timers.take());
    this.#key.clear();
    this.#key.value(number);
    const { bytes, length } = this.#key;
    if (log.find(bytes, 0, length) >= 0) return true;
    log.timers.set(log.findOrAdd(bytes, 0, length), rememberTo);
    return false;
  }

  #logOf(partition: number): KeyedLog {
    let log = this.#byPartition.get(partition);
    if (log === undefined) this.#byPartition.set(partition, (log = new KeyedLog()));
    return log;
  }

  snapshot(writer: ByteWriter, partitions: Partitions): void {
    writer.varint(this.#byPartition.size);
    for (const [partition, log] of this.#byPartition) {
      const name = partitions.name(partition);
      writer.text(name.source);
      writer.text(name.partition);
      writer.varint(log.size);
      for (const row of log.rows()) {
        writer.block(log.key(row));
        writer.double(log.timers.due(row));
      }
    }
  }

  /** Takes in what another part remembered; what both know is kept once. */
  restore(reader: ByteReader, partitions: Partitions): void {
    for (let logs = reader.varint(); logs > 0; logs--) {
      const log = this.#logOf(partitions.intern(reader.text(), reader.text()));
      for (let count = reader.varint(); count > 0; count--) {
        const key = reader.block();
        const row = log.findOrAdd(key, 0, key.length);
        const rememberTo = reader.double();
        // Another part may hold an older memory of it.
        const known = log.timers.due(row);
        log.timers.set(row, known === Infinity ? rememberTo : Math.max(known, rememberTo));
      }
    }
  }
}

/** The declared identity of an event: one value, or a list of them; null if a part is missing. */
export function declaredNumber(view: EventView, source: SourceProgram): Json {
  const parts: Json[] = [];
  for (const slot of source.identitySlots) {
    const value = view.get(slot);
    if (value === undefined || value === null || value === '') return null;
    parts.push(typeof value === 'object' ? JSON.stringify(value) : value);
  }
  return parts.length === 1 ? parts[0]! : parts;
}
