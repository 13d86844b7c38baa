/** What `weir.yaml` declares, as plain data: the sources that events come from, and the lists that rules ask. */
import type { Json, Path } from './json.ts';
import type { LimitsPlan } from './limits-plan.ts';
import type { LogSourcePlan, ViewPlan } from './view-plan.ts';

export interface SourcesPlan {
  readonly sources: readonly SourcePlan[];
  readonly lists: readonly ListPlan[];
  /** Lateness of rules whose sources name none, by tenant. */
  readonly tenants: readonly { readonly name: string; readonly latenessMs: number }[];
  /** What rules may cost; without it the defaults hold. */
  readonly limits?: LimitsPlan;
}

export interface SourcePlan {
  readonly name: string;
  readonly format: 'json';
  /** Globs of files that belong to this source when none is named on the command line. */
  readonly files: readonly string[];
  readonly tenant:
    | { readonly kind: 'constant'; readonly name: string }
    | { readonly kind: 'field'; readonly path: Path };
  /** Fields that name an event alone within the source, in order; empty: the record's ordinal names it. */
  readonly identity: readonly Path[];
  /** Field whose text names the partition (declared sender); null: the stream or file itself. */
  readonly partition: Path | null;
  readonly time: TimeFieldPlan;
  /** Where the record says when it was received; null: stamped by the supervisor, or, in files, the event's time. */
  readonly arrivedAt: TimeFieldPlan | null;
  readonly boundMs: number;
  readonly idleAfterMs: number;
  /** null: the tenant's, else 0. */
  readonly latenessMs: number | null;
  /** Constant fields of every event of the source. They win over fields of the same name in the event. */
  readonly fields: Readonly<Record<string, Json>>;
  /** Texts that mean "no value" in keys, besides missing, null and "". */
  readonly empty: readonly string[];
  /** How fields are found and what kind of event each is; null: fields are read as they are named. */
  readonly view: ViewPlan | null;
  /** What all events of the source are; it wins over what the view says of an event. */
  readonly logSource: LogSourcePlan;
}

export interface TimeFieldPlan {
  /** The first of them that can be read as a time is the time. */
  readonly paths: readonly Path[];
  /** A pattern such as `yyyy-MM-dd HH:mm:ss.SSS`; null: numbers since 1970 by size, or ISO 8601. */
  readonly format: string | null;
  /** IANA name or `+hh:mm`, used where the text names none. */
  readonly zone: string;
}

export type ListKind =
  'exact' | 'ip' | 'cidr' | 'domain' | 'domain-exact' | 'url' | 'email' | 'hash';

export interface ListPlan {
  readonly name: string;
  readonly kind: ListKind;
  /** One value a line; what follows a tab or (in .csv) a comma is the row's note. `#` begins a comment line. `.gz` too. */
  readonly file: string;
}

export const defaultSource: SourcePlan = {
  name: 'events',
  format: 'json',
  files: [],
  tenant: { kind: 'constant', name: 'default' },
  identity: [],
  partition: null,
  time: {
    paths: [
      ['@timestamp'],
      ['timestamp'],
      ['time'],
      ['ts'],
      ['eventTime'],
      ['EventTime'],
      ['UtcTime'],
      ['TimeCreated'],
      ['Event', 'System', 'TimeCreated', '#attributes', 'SystemTime'],
      ['Timestamp'],
    ],
    format: null,
    zone: 'UTC',
  },
  arrivedAt: null,
  boundMs: 10_000,
  idleAfterMs: 60_000,
  latenessMs: null,
  fields: {},
  empty: [],
  view: null,
  logSource: { product: null, service: null, category: null },
};
