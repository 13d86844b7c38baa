import { keyTextOf } from '../../plan/key-text.ts';
import type { Json } from '../../plan/json.ts';
import { valueAtPath } from '../../plan/path-value.ts';
import type { Result, ResultChange } from '../../plan/result.ts';
import type { ByteWriter } from '../../state/byte-writer.ts';
import type { Evidence } from '../correlate/candidates.ts';
import { memberOf, type Member } from '../correlate/alerts.ts';
import type { Shown } from '../correlate/live.ts';
import type { Matcher } from '../match/matcher.ts';
import type { Program, RuleProgram } from '../program.ts';
import type { Partitions } from '../time/partitions.ts';
import { ResultReader } from './result-reader.ts';

/** An event for a key of a rule, as bytes of its own. */
export interface Row {
  readonly rule: RuleProgram;
  readonly tenant: string;
  readonly key: Uint8Array;
  readonly event: Uint8Array;
}

export interface LevelOutput {
  row(row: Row, isRemoval: boolean): void;
  alert(
    rule: RuleProgram,
    tenant: string,
    texts: readonly string[],
    id: string,
    member: Member | null,
  ): void;
}

/** Makes events of results, for the rules that read them, and hands results on to alerts that are put together elsewhere. */
export class Levels {
  readonly #program: Program;
  readonly #partitions: Partitions;
  readonly #matcher: Matcher;
  readonly #output: LevelOutput;
  #rows: Row[] = [];

  constructor(program: Program, partitions: Partitions, matcher: Matcher, output: LevelOutput) {
    this.#program = program;
    this.#partitions = partitions;
    this.#matcher = matcher;
    this.#output = output;
  }

  /** A row that the matcher made of a result. */
  takeRow(rule: RuleProgram, tenant: string, key: ByteWriter, event: ByteWriter): void {
    this.#rows.push({
      rule,
      tenant,
      key: key.bytes.slice(0, key.length),
      event: event.bytes.slice(0, event.length),
    });
  }

  /** A result has changed: an amend of what is read is a withdraw and an insert. */
  feed(rule: RuleProgram, change: ResultChange, trigger: Evidence, before: Shown | null): void {
    if (rule.readers.length === 0) return;
    const old = before === null ? [] : this.#rowsOf(rule, before.result, before.trigger);
    const rows = change.change === 'withdraw' ? [] : this.#rowsOf(rule, change.result, trigger);
    const same = new Set(rows.filter((row) => old.some((one) => isSame(one, row))));
    for (const row of old)
      if (![...same].some((one) => isSame(one, row))) this.#output.row(row, true);
    for (const row of rows) if (!same.has(row)) this.#output.row(row, false);
  }

  #rowsOf(rule: RuleProgram, result: Result, { name, position }: Evidence): Row[] {
    this.#rows = [];
    const { source, partition, number } = name;
    const order: readonly Json[] = Array.isArray(number) ? (number as Json[]) : [number];
    const place = {
      tenant: result.tenant,
      at: result.at,
      partition: this.#partitions.intern(source, partition),
      // Right after its event, then by level, then by id.
      number: [...order, rule.level, result.id],
      position,
    };
    const reader = new ResultReader(this.#program.paths, result, rule.rule);
    this.#matcher.meetResult(reader, place, rule.readers);
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  /** For alerts by other fields than the rule's key. `texts`: of a simple rule, which reads them in its event. */
  feedAlerts(
    rule: RuleProgram,
    { change, result }: ResultChange,
    texts: readonly string[] | null,
    before: Shown | null,
  ): void {
    const member = change === 'withdraw' ? null : memberOf(result, change === 'final');
    const values = texts ?? alertTexts(rule, result);
    const old = before === null ? values : alertTexts(rule, before.result);
    // What HAVING gave has changed, and with it the alert that the result is of.
    if (JSON.stringify(old) !== JSON.stringify(values))
      this.#output.alert(rule, result.tenant, old, result.id, null);
    this.#output.alert(rule, result.tenant, values, result.id, member);
  }
}

function alertTexts({ rule }: RuleProgram, { key, count, fields }: Result): string[] {
  return (rule.alert?.fields ?? []).map((path) => {
    const name = path.join('.');
    const value = Object.hasOwn(key, name) ? key[name] : valueAtPath({ count, ...fields }, path);
    return keyTextOf(value, NO_EMPTY_TEXTS) ?? '';
  });
}

const NO_EMPTY_TEXTS: ReadonlySet<string> = new Set();

const isSame = (a: Row, b: Row): boolean =>
  a.rule === b.rule && areEqual(a.key, b.key) && areEqual(a.event, b.event);

const areEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
