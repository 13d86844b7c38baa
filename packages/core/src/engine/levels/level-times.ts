import { KEY_GROUPS } from '../../frames.ts';
import type { ByteReader } from '../../state/byte-reader.ts';
import type { ByteWriter } from '../../state/byte-writer.ts';
import type { Clock } from '../time/clocks.ts';

/**
 * How far the results of each rule and tenant have come, by key group: those who own the groups say so. 'level': no
 * result before it comes or changes any more for those who read them; 'alert': none that is not known begins before it.
 */
export class LevelTimes {
  readonly #times = new Map<
    string,
    { readonly level: Float64Array; readonly alert: Float64Array }
  >();
  readonly #changed = new Map<
    string,
    { rule: number; tenant: string; level: number; alert: number }
  >();

  #of(
    rule: number,
    tenant: string,
  ): { readonly level: Float64Array; readonly alert: Float64Array } {
    const name = `${rule} ${tenant}`;
    let times = this.#times.get(name);
    if (times === undefined) {
      const groups = (): Float64Array => new Float64Array(KEY_GROUPS).fill(-Infinity);
      this.#times.set(name, (times = { level: groups(), alert: groups() }));
    }
    return times;
  }

  /** What the owner of the groups from `from` to `to` says. Times never go back. */
  set(rule: number, tenant: string, from: number, to: number, level: number, alert: number): void {
    const times = this.#of(rule, tenant);
    if (level <= times.level[from]! && alert <= times.alert[from]!) return;
    for (let group = from; group < to; group++) {
      if (level > times.level[group]!) times.level[group] = level;
      if (alert > times.alert[group]!) times.alert[group] = alert;
    }
    this.#changed.set(`${rule} ${tenant}`, { rule, tenant, level, alert });
  }

  /** Of a rule without keys: nobody has to be told. */
  setKnown(rule: number, tenant: string, time: number): void {
    const { level, alert } = this.#of(rule, tenant);
    if (time <= level[0]!) return;
    level.fill(time);
    alert.fill(time);
  }

  level(rule: number, tenant: string): number {
    return least(this.#of(rule, tenant).level);
  }

  alert(rule: number, tenant: string): number {
    return least(this.#of(rule, tenant).alert);
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0;
  }

  writeChanges(writer: ByteWriter, from: number, to: number): void {
    writer.varint(this.#changed.size);
    for (const { rule, tenant, level, alert } of this.#changed.values()) {
      writer.varint(rule);
      writer.text(tenant);
      writer.varint(from);
      writer.varint(to);
      writer.double(level);
      writer.double(alert);
    }
    this.#changed.clear();
  }

  merge(reader: ByteReader): void {
    for (let count = reader.varint(); count > 0; count--) {
      const rule = reader.varint();
      const tenant = reader.text();
      const times = this.#of(rule, tenant);
      const from = reader.varint();
      const to = reader.varint();
      const level = reader.double();
      const alert = reader.double();
      for (let group = from; group < to; group++) {
        if (level > times.level[group]!) times.level[group] = level;
        if (alert > times.alert[group]!) times.alert[group] = alert;
      }
    }
  }
}

function least(times: Float64Array): number {
  let found = Infinity;
  for (const time of times) if (time < found) found = time;
  return found;
}

/** The clock of a rule that reads results: as far as all of them, and its own sources, have come. */
export class LevelClock {
  value = -Infinity;
  readonly #source: Clock | null;
  reads: readonly number[];
  readonly #tenant: string;

  /** `source`: null if no event of a source can be of the rule. */
  constructor(source: Clock | null, reads: readonly number[], tenant: string) {
    this.#source = source;
    this.reads = reads;
    this.#tenant = tenant;
  }

  advance(times: LevelTimes): void {
    let found = this.#source?.value ?? Infinity;
    for (const rule of this.reads) found = Math.min(found, times.level(rule, this.#tenant));
    if (found > this.value) this.value = found;
  }
}
