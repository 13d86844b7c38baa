import { createHash } from 'node:crypto';
import type { Change, ListPlan, ParkReason, Plan, SourcesPlan } from '@weir/core';
import { Failure } from '../failure.ts';

/** What the control topic says, under the key of `keyOf`. */
export type ControlRecord =
  | { readonly kind: 'sources'; readonly sources: SourcesPlan }
  | {
      readonly kind: 'rules';
      /** Rises by one from edit to edit. */
      readonly edit: number;
      readonly plan: Plan;
      /** Event time from which on the rules are in force; null: from behind all that was seen. */
      readonly activeFrom: number | null;
    }
  | {
      readonly kind: 'list';
      readonly list: ListPlan;
      /** The rows as in its file, or where they lie. */
      readonly rows?: string;
      readonly location?: string;
      readonly sha256: string;
    }
  | {
      readonly kind: 'list-delta';
      readonly name: string;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    }
  | {
      readonly kind: 'park';
      readonly rules: readonly string[];
      readonly reason: ParkReason;
      readonly clause?: string | null;
      readonly from: unknown;
    }
  | { readonly kind: 'release'; readonly rules: readonly string[]; readonly from: unknown };

export type RulesRecord = Extract<ControlRecord, { kind: 'rules' }>;

export interface KeyedRecord {
  readonly key: string;
  readonly record: ControlRecord;
}

/** A record that was read. */
export interface ControlEntry extends KeyedRecord {
  readonly offset: number;
  readonly at: number;
}

/** Null for a key that is no more. Fails for what nobody here has written. */
export function controlEntry(
  key: string | null,
  value: Uint8Array | null,
  offset: number,
  at: number,
): ControlEntry | null {
  if (value === null) return null;
  try {
    const record = JSON.parse(new TextDecoder().decode(value)) as ControlRecord;
    if (key !== null && typeof record.kind === 'string') return { key, record, offset, at };
  } catch {
    // Told below.
  }
  throw new Failure(
    `record ${offset} of the control topic is none of Weir's: is it the right topic (--prefix)?`,
  );
}

/** Newest record of each key. */
export const newestOf = (entries: readonly ControlEntry[]): Map<string, ControlEntry> =>
  new Map(entries.map((entry) => [entry.key, entry]));

/** Kafka's default limit of a record is 1 MiB; larger lists have to lie where all machines can read them. */
const ROWS_BYTES_MAX = 900_000;

/** What a job that is to run these changes has to be told. `locations`: where lists lie that are not sent along. */
export function wantedRecords(
  changes: readonly Change[],
  locations: Readonly<Record<string, string>> = {},
): KeyedRecord[] {
  return changes.flatMap((change): KeyedRecord[] => {
    switch (change.kind) {
      case 'sources':
        return [{ key: 'sources', record: change }];
      case 'rules':
        return [{ key: 'rules', record: { ...change, edit: 1, activeFrom: null } }];
      case 'list': {
        const { list, rows } = change;
        return [{ key: `list:${list.name}`, record: listRecord(list, rows, locations[list.name]) }];
      }
      case 'list-delta':
        // weir.yaml has none: they come from elsewhere, and stay as they are.
        return [];
    }
  });
}

function listRecord(
  list: ListPlan,
  bytes: Uint8Array,
  location: string | undefined,
): ControlRecord {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (location !== undefined) return { kind: 'list', list, location, sha256 };
  if (bytes.length > ROWS_BYTES_MAX)
    throw new Failure(
      `the list ${list.name} has ${bytes.length} bytes, and a record of the control topic holds ${ROWS_BYTES_MAX}: put it where every machine can read it, and say where with --list-location ${list.name}=ADDRESS`,
    );
  return { kind: 'list', list, rows: new TextDecoder().decode(bytes), sha256 };
}

/** The records that are not there yet, numbered on: what has to be written so that the topic says what is wanted. */
export function changedRecords(
  there: ReadonlyMap<string, ControlEntry>,
  wanted: readonly KeyedRecord[],
  activeFrom: number | null,
): KeyedRecord[] {
  return wanted.flatMap(({ key, record }): KeyedRecord[] => {
    const old = there.get(key)?.record;
    if (record.kind !== 'rules')
      return JSON.stringify(old) === JSON.stringify(record) ? [] : [{ key, record }];
    if (old?.kind !== 'rules') return [{ key, record: { ...record, activeFrom } }];
    if (JSON.stringify(old.plan) === JSON.stringify(record.plan)) return [];
    return [{ key, record: { ...record, edit: old.edit + 1, activeFrom } }];
  });
}
