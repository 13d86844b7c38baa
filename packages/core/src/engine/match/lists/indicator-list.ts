import {
  addressText,
  parseAddress,
  parseNetwork,
  type Address,
} from '../../../functions/addresses.ts';
import { textOfUtf8, utf8Of } from '../../../functions/utf8.ts';
import type { Json } from '../../../plan/json.ts';
import { keyTextOf } from '../../../plan/key-text.ts';
import type { ListPlan } from '../../../plan/source-plan.ts';
import { normalise } from '../../../functions/normalise-indicator.ts';
import { hashOfText, RowTable } from './row-table.ts';

/** What a list says of a value: the row's own value and note. */
export interface IndicatorRow {
  readonly value: string;
  readonly note: string;
}

export interface RejectedRow {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

const REJECTED_MAX = 100;
const NOTHING_EMPTY: ReadonlySet<string> = new Set();

/** Exact membership in a list of any size. The rows' own bytes are kept; nothing else is held of a row but its hash. */
export class IndicatorList {
  readonly plan: ListPlan;
  readonly #rows: Uint8Array;
  readonly #table = new RowTable();
  /** Of cidr lists: prefix lengths that occur, the longest first, by length of the address in bytes. */
  readonly #prefixes = new Map<number, number[]>([
    [4, []],
    [16, []],
  ]);
  /** Rows that are not of the list's kind: all are counted, the first hundred kept. */
  readonly rejected: RejectedRow[] = [];
  rejectedCount = 0;

  constructor(plan: ListPlan, rows: Uint8Array) {
    this.plan = plan;
    this.#rows = rows;
    this.#load();
  }

  get size(): number {
    return this.#table.size;
  }

  /** The rows' text, with rows besides and without some. Reads all of it. */
  rowsWith(add: readonly string[], remove: readonly string[]): Uint8Array {
    const gone = new Set(remove.map((row) => row.trim()));
    const text = textOfUtf8(this.#rows, 0, this.#rows.length);
    const kept = text.split('\n').filter((row) => row.trim() !== '' && !gone.has(row.trim()));
    return utf8Of([...kept, ...add, ''].join('\n'));
  }

  #load(): void {
    const rows = this.#rows;
    let line = 0;
    for (let start = 0; start < rows.length;) {
      let end = rows.indexOf(10, start);
      if (end < 0) end = rows.length;
      line++;
      this.#row(start, line);
      start = end + 1;
    }
    for (const lengths of this.#prefixes.values()) lengths.sort((a, b) => b - a);
  }

  #row(start: number, line: number): void {
    const { value } = this.#readRow(start);
    if (value === '' || value.startsWith('#')) return;
    const key = this.#keyOfRow(value);
    if (key === null) {
      this.rejectedCount++;
      if (this.rejected.length < REJECTED_MAX)
        this.rejected.push({
          line,
          reason: `${JSON.stringify(value.slice(0, 80))} is not a value of kind ${this.plan.kind}`,
        });
      return;
    }
    const hash = hashOfText(key);
    // Of rows that say the same the first one holds.
    if (this.#table.find(hash, (row) => this.#keyOfRow(this.#readRow(row).value) === key) < 0)
      this.#table.add(hash, start);
  }

  /** The row that begins at `start`: `value<TAB>note`, in .csv files `value,note`. */
  #readRow(start: number): IndicatorRow {
    const rows = this.#rows;
    let end = start;
    let separator = -1;
    const isCsv = /\.csv(?:\.gz)?$/i.test(this.plan.file);
    for (; end < rows.length && rows[end] !== 10; end++)
      if (separator < 0 && (rows[end] === 9 || (isCsv && rows[end] === 44))) separator = end;
    if (separator < 0) separator = end;
    const value = textOfUtf8(rows, start, separator).trim();
    const note = separator < end ? textOfUtf8(rows, separator + 1, end).trim() : '';
    if (isCsv && value.startsWith('"') && value.endsWith('"') && value.length > 1)
      return { value: value.slice(1, -1).replace(/""/g, '"'), note };
    return { value, note };
  }

  /** Is the row nothing but this ASCII text, as it is written? */
  #beginsWith(row: number, text: string): boolean {
    const rows = this.#rows;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code <= 32 || code >= 0x80 || code === 44 || code === 34 || rows[row + i] !== code)
        return false;
    }
    const after = rows[row + text.length] ?? 10;
    return after === 10 || after === 13 || after === 9;
  }

  #keyOfRow(value: string): string | null {
    const { kind } = this.plan;
    if (kind !== 'cidr') return normalise(kind, value);
    const network = parseNetwork(value);
    if (network === null) return null;
    const lengths = this.#prefixes.get(network.address.length)!;
    if (!lengths.includes(network.bits)) lengths.push(network.bits);
    return networkText(network.address, network.bits);
  }

  /** The row that a value of an event hits, or null. A list of values hits if one of them does. */
  find(value: Json | undefined): IndicatorRow | null {
    if (Array.isArray(value)) {
      for (const element of value as readonly Json[]) {
        const row = this.find(element);
        if (row !== null) return row;
      }
      return null;
    }
    const text = keyTextOf(value, NOTHING_EMPTY);
    if (text === null) return null;
    switch (this.plan.kind) {
      case 'cidr':
        return this.#findNetwork(text);
      case 'domain':
        return this.#findDomain(text);
      default:
        return this.#findKey(normalise(this.plan.kind, text));
    }
  }

  #findKey(key: string | null): IndicatorRow | null {
    if (key === null) return null;
    const isExact = this.plan.kind === 'exact';
    const row = this.#table.find(
      hashOfText(key),
      (one) =>
        (isExact && this.#beginsWith(one, key)) || this.#keyOfRow(this.#readRow(one).value) === key,
    );
    return row < 0 ? null : this.#readRow(row);
  }

  /** The longest prefix holds. */
  #findNetwork(text: string): IndicatorRow | null {
    const address = parseAddress(text);
    if (address === null) return null;
    for (const bits of this.#prefixes.get(address.length)!) {
      const row = this.#findKey(networkText(address, bits));
      if (row !== null) return row;
    }
    return null;
  }

  /** The name itself, then its parents. */
  #findDomain(text: string): IndicatorRow | null {
    const name = normalise('domain', text);
    if (name === null) return null;
    for (let at = 0; at >= 0 && at < name.length; at = name.indexOf('.', at) + 1 || -1) {
      const row = this.#findKey(name.slice(at));
      if (row !== null) return row;
    }
    return null;
  }
}

function networkText(address: Address, bits: number): string {
  const masked = address.map((byte, i) => {
    const kept = Math.min(8, Math.max(0, bits - i * 8));
    return byte & (0xff00 >> kept) & 0xff;
  });
  return `${addressText(masked)}/${bits}/${address.length}`;
}
