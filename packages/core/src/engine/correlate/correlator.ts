import type { RuleError } from '../../frames.ts';
import { LimitBroken } from '../../functions/budget.ts';
import { isNoMatch } from '../../functions/no-match.ts';
import type { AlertChange, ResultChange } from '../../plan/result.ts';
import { isSteady } from '../../plan/reading.ts';
import { LevelClock, type LevelTimes } from '../levels/level-times.ts';
import { AlertStage } from './alert-stage.ts';
import { ChunkNumbers, RowChunks, type ChunkWriter } from './chunks.ts';
import type { Member } from './alerts.ts';
import { ByteReader } from '../../state/byte-reader.ts';
import { ByteWriter } from '../../state/byte-writer.ts';
import { messageOf } from '../protect/thrown-message.ts';
import type { Program, RuleProgram } from '../program.ts';
import { Clock, type ClockFacts } from '../time/clocks.ts';
import type { Place } from '../place.ts';
import type { Partitions } from '../time/partitions.ts';
import type { Evidence } from './candidates.ts';
import { alertGroupOf, keyGroupOf } from './key-groups.ts';
import { ResultRefused } from './plain-value.ts';
import { windowKindOf, type OldVersion } from './window-kind.ts';
import type { Shown } from './live.ts';
import { WindowOperator } from './window-operator.ts';

export interface CorrelateOutput {
  result(rule: RuleProgram, change: ResultChange, trigger: Evidence, before: Shown | null): void;
  alert(change: AlertChange): void;
  error(error: RuleError): void;
}

interface Operator {
  readonly program: RuleProgram;
  readonly tenant: string;
  readonly windows: WindowOperator;
  readonly chunks: RowChunks | null;
}

/** The stage with memory: the windows of all rules and tenants, for the keys of this engine part. */
export class Correlator {
  readonly #program: Program;
  readonly #partitions: Partitions;
  readonly #output: CorrelateOutput;
  readonly #operators = new Map<string, Operator>();
  readonly #clocks = new Map<string, Clock>();
  readonly #place: Place;
  readonly #times: LevelTimes;
  /** By rule and tenant: clocks of rules that read results, and alerts by other fields than the key. */
  readonly #levelClocks = new Map<string, { level: number; readonly clock: LevelClock }>();
  readonly #stages = new Map<
    string,
    {
      readonly program: RuleProgram;
      readonly tenant: string;
      readonly stage: AlertStage;
      readonly chunks: RowChunks | null;
    }
  >();
  /** null: who stores the state always takes all of it. */
  readonly #chunks: ChunkNumbers | null;
  readonly #tenants = new Set<string>();
  #newTenants: string[] = [];
  /** Rules about whose results others must hear. */
  #told: readonly RuleProgram[];
  #isFinished = false;

  constructor(
    program: Program,
    partitions: Partitions,
    times: LevelTimes,
    place: Place,
    output: CorrelateOutput,
  ) {
    this.#program = program;
    this.#partitions = partitions;
    this.#times = times;
    this.#place = place;
    this.#chunks = place.isAlone ? null : new ChunkNumbers();
    this.#output = output;
    this.#told = program.rules.filter((rule) => rule.readers.length > 0 || hasAlertStage(rule));
  }

  /** The rules have changed. Gives those that are gone, of all tenants, an end. */
  changed(gone: readonly RuleProgram[]): void {
    const { rules } = this.#program;
    this.#told = rules.filter((rule) => rule.readers.length > 0 || hasAlertStage(rule));
    this.readsChanged();
    for (const { program, tenant, windows } of this.#operators.values()) {
      windows.readBy(this.#holdsOf(program));
      this.knows(tenant);
      if (gone.includes(program)) windows.close();
    }
    // What a version takes over from the one before must not have ended before it is asked.
    const newestFirst = [...this.#operators].sort(
      ([, a], [, b]) => b.program.index - a.program.index,
    );
    this.#operators.clear();
    for (const [name, operator] of newestFirst) this.#operators.set(name, operator);
  }

  /** Rules read other results than before: by an edit, or as an old version is parked, which says no more. */
  readsChanged(): void {
    for (const [name, one] of this.#levelClocks) {
      const [index, tenant] = splitName(name);
      const program = this.#program.rules[index]!;
      one.clock.reads = this.#readsOf(program, tenant);
      one.level = program.level;
    }
  }

  /** An event from before an edit, for a rule that begins with it. */
  refill(program: RuleProgram, tenant: string, key: Uint8Array, event: Uint8Array): void {
    this.#operator(program, tenant).windows.refill(key, event);
  }

  refilled(): void {
    for (const { windows } of this.#operators.values()) windows.refilled();
  }

  /** Rules may have results of this tenant: somewhere, not only in this part. */
  knows(tenant: string): void {
    if (this.#told.length === 0 || this.#tenants.has(tenant)) return;
    this.#tenants.add(tenant);
    this.#newTenants.push(tenant);
  }

  /** Tenants that other parts may not know yet. */
  takeNewTenants(): string[] {
    const tenants = this.#newTenants;
    this.#newTenants = [];
    return tenants;
  }

  get hasNewTenants(): boolean {
    return this.#newTenants.length > 0;
  }

  /** An event that a result is: never late. */
  addResult(program: RuleProgram, tenant: string, key: Uint8Array, event: Uint8Array): void {
    const { windows } = this.#operator(program, tenant);
    windows.add(key, 0, key.length, event, 0, event.length, true);
  }

  removeRow(program: RuleProgram, tenant: string, key: Uint8Array, event: Uint8Array): void {
    this.#operator(program, tenant).windows.remove(key, event);
  }

  /** What became of a result, for alerts that this part owns. */
  putAlert(
    program: RuleProgram,
    tenant: string,
    texts: readonly string[],
    id: string,
    member: Member | null,
  ): void {
    this.#stage(program, tenant).stage.put(texts, { id, member });
  }

  #stage(
    program: RuleProgram,
    tenant: string,
  ): { readonly stage: AlertStage; readonly chunks: RowChunks | null } {
    const name = `${program.index} ${tenant}`;
    let one = this.#stages.get(name);
    if (one === undefined) {
      const chunks = this.#rowChunks();
      const stage = new AlertStage(program.rule, program.rule.alert!, tenant, chunks);
      this.#stages.set(name, (one = { program, tenant, stage, chunks }));
    }
    return one;
  }

  #rowChunks(): RowChunks | null {
    return this.#chunks === null ? null : new RowChunks(this.#chunks);
  }

  /** false: the event is older than a clock which its partition joined late. */
  add(
    program: RuleProgram,
    tenant: string,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    event: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    return this.#operator(program, tenant).windows.add(key, keyStart, keyEnd, event, start, end);
  }

  /** Many events of one rule and tenant come in a row. */
  #last: Operator | null = null;

  #operator(program: RuleProgram, tenant: string): Operator {
    const last = this.#last;
    if (last !== null && last.program === program && last.tenant === tenant) return last;
    const name = `${program.index} ${tenant}`;
    let operator = this.#operators.get(name);
    if (operator === undefined) {
      operator = this.#make(program, tenant);
      this.#operators.set(name, operator);
      if (program.before !== null) this.#putFirst(name, operator);
    }
    this.#last = operator;
    return operator;
  }

  /** A newer version looks first at what it may take over from the one before. */
  #putFirst(name: string, operator: Operator): void {
    const others = [...this.#operators].filter(([, one]) => one !== operator);
    this.#operators.clear();
    this.#operators.set(name, operator);
    for (const [other, one] of others) this.#operators.set(other, one);
  }

  #make(program: RuleProgram, tenant: string): Operator {
    const { rule } = program;
    if (rule.detect.kind === 'simple') throw new Error(`the rule ${rule.id} has no windows`);
    const { latenessMs } = this.#program.timeOf(program, tenant);
    this.knows(tenant);
    const isAlerting = rule.facts.status === 'enabled' && rule.alert !== null;
    const output = this.#output;
    const chunks = this.#rowChunks();
    const windows = new WindowOperator({
      rule,
      detect: rule.detect,
      tenant,
      latenessMs,
      clock: this.#clockOf(program, tenant),
      partitions: this.#partitions,
      kind: windowKindOf(rule.detect, program.code, this.#partitions, oldVersionsOf(program)),
      sink: program.sink,
      givesFrom: program.givesFrom,
      before: () => this.#versionOf(program.before, tenant),
      goesOn: program.isKept,
      isWarming: () => program.isWarming,
      isParked: () => program.guard.parked !== null,
      alert: isAlerting && rule.alert.isOwnKey ? rule.alert : null,
      holdsLevel: this.#holdsOf(program),
      holdsAlerts: hasAlertStage(program),
      chunks,
      keyGroupOf: (key) => keyGroupOf(tenant, key, key.length),
      output: {
        result: (change, trigger, before) => output.result(program, change, trigger, before),
        alert: (change) => output.alert(change),
        failed: (clause, error, event) => this.#failed(program, clause, error, event),
      },
    });
    return { program, tenant, windows, chunks };
  }

  #versionOf(program: RuleProgram | null, tenant: string): WindowOperator | null {
    if (program === null) return null;
    return this.#operators.get(`${program.index} ${tenant}`)?.windows ?? null;
  }

  /** Whether open results, and such that are still to come, hold the clock of those who read them. */
  #holdsOf({ rule, readers }: RuleProgram): 'no' | 'open' | 'unknown' {
    if (readers.length === 0) return 'no';
    return readers.every((reader) => isSteady(reader.rule, rule)) ? 'no' : 'unknown';
  }

  #clockOf(program: RuleProgram, tenant: string): Clock | LevelClock {
    const { clock } = this.#program.timeOf(program, tenant);
    if (program.reads.length === 0) return this.#clock(clock);
    const name = `${program.index} ${tenant}`;
    let known = this.#levelClocks.get(name);
    if (known === undefined) {
      const source = clock.boundMs.size === 0 ? null : this.#clock(clock);
      const reads = this.#readsOf(program, tenant);
      known = { level: program.level, clock: new LevelClock(source, reads, tenant) };
      this.#levelClocks.set(name, known);
    }
    return known.clock;
  }

  /** The rules whose results are waited for: not old versions that are parked, as those say no more. */
  #readsOf({ reads }: RuleProgram, tenant: string): number[] {
    const { rules } = this.#program;
    return reads.filter((read) => {
      const { guard, until } = rules[read]!;
      return serves(rules[read]!, tenant) && (guard.parked === null || until === Infinity);
    });
  }

  #failed(
    { rule, guard }: RuleProgram,
    clause: 'HAVING' | 'SINK',
    error: unknown,
    { name, position }: Evidence,
  ): void {
    if (isNoMatch(error)) return;
    if (LimitBroken.is(error)) return this.#program.calls.broken(guard, clause, error);
    if (error instanceof ResultRefused) guard.fails(clause);
    const { source, partition } = name;
    this.#output.error({
      rules: [rule.id],
      clause,
      message: messageOf(error),
      source,
      partition,
      number: position,
    });
  }

  /** Rules that agree on sources, time and bounds share a clock. */
  #clock(facts: ClockFacts): Clock {
    const name = JSON.stringify([facts.clockField, [...facts.boundMs], facts.idleAfterMs]);
    let clock = this.#clocks.get(name);
    if (clock === undefined) {
      this.#clocks.set(name, (clock = new Clock(facts)));
      if (this.#isFinished) clock.value = Infinity;
    }
    return clock;
  }

  /** Moves all clocks as far as the watermarks allow, and looks at what became due. */
  advance(): void {
    // A rule may be read of which this part has no event: its clock moves all the same.
    for (const rule of this.#told) for (const tenant of this.#tenants) this.#clockOf(rule, tenant);
    for (const clock of this.#clocks.values()) clock.advance(this.#partitions);
    this.#settle();
  }

  finish(): void {
    this.#isFinished = true;
    for (const clock of this.#clocks.values()) clock.value = Infinity;
    this.#settle();
  }

  /** Level by level: what one finds is there when the next one looks. */
  #settle(): void {
    for (let level = 0; level < this.#program.levels; level++) {
      for (const one of this.#levelClocks.values())
        if (one.level === level) one.clock.advance(this.#times);
      for (const { program, tenant, windows } of this.#operators.values())
        if (program.level === level) {
          this.#program.calls.useTenant(tenant);
          windows.settle();
        }
      for (const rule of this.#told)
        if (rule.level === level && rule.guard.parked === null)
          for (const tenant of this.#tenants) this.#tellTimes(rule, tenant);
    }
    for (const { program, tenant, stage } of this.#stages.values())
      stage.settle(this.#times.alert(program.index, tenant), (change) =>
        this.#output.alert(change),
      );
  }

  /**
   * How far the results of a rule have come. Those who own its keys tell others, as far as their keys go; of a rule
   * without keys each part finds it by what it knows itself: rows come before the times that they follow.
   */
  #tellTimes(rule: RuleProgram, tenant: string): void {
    if (!serves(rule, tenant)) return;
    const isSimple = rule.rule.detect.kind === 'simple';
    if (!isSimple && !this.#place.serves(rule.level)) return;
    const windows = this.#operators.get(`${rule.index} ${tenant}`)?.windows;
    const { clock, latenessMs } = this.#program.timeOf(rule, tenant);
    // No source has events for it: it has no results.
    const isMute = clock.boundMs.size === 0 && rule.reads.length === 0;
    const settled = isMute ? Infinity : this.#clockOf(rule, tenant).value - latenessMs;
    if (isSimple) return this.#times.setKnown(rule.index, tenant, settled);
    const { from, to } = this.#place;
    const level = windows?.levelTime ?? settled;
    this.#times.set(rule.index, tenant, from, to, level, windows?.alertTime ?? settled);
  }

  /** The least clock; undefined if there is none. */
  get clock(): number | undefined {
    let least: number | undefined;
    const { rules } = this.#program;
    const levels = [...this.#levelClocks]
      .filter(([name]) => rules[splitName(name)[0]]!.guard.parked === null)
      .map(([, { clock }]) => clock);
    for (const { value } of [...this.#clocks.values(), ...levels])
      if (least === undefined || value < least) least = value;
    return least;
  }

  get keys(): number {
    let keys = 0;
    for (const { windows } of this.#operators.values()) keys += windows.keys;
    return keys;
  }

  /** State of keys: all of it, or the chunks that are not as they were given before. */
  snapshot(isFull: boolean, to: ChunkWriter): void {
    for (const { program, tenant, windows, chunks } of this.#operators.values())
      for (const row of windows.rowsToStore(isFull)) {
        const key = windows.keyOf(row);
        const group = keyGroupOf(tenant, key, key.length);
        const writer = to.begin(group, chunks?.numberOf(row, group) ?? 0);
        writeHead(writer, CHUNK.windows, program, tenant);
        windows.writeRow(row, writer);
        to.end();
      }
    for (const one of this.#stages.values())
      for (const { key, texts, alerts } of one.stage.toStore(isFull)) {
        const group = alertGroupOf(one.tenant, texts);
        const writer = to.begin(group, one.chunks?.numberOf(key, group) ?? 0);
        writeHead(writer, CHUNK.alerts, one.program, one.tenant);
        writer.value(texts);
        writer.value(alerts);
        to.end();
      }
    this.#chunks?.tellGone(isFull ? null : to);
  }

  restore(keyGroup: number, number: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    const kind = reader.byte();
    const program = this.#program.rules[reader.varint()]!;
    const tenant = reader.text();
    this.knows(tenant);
    if (kind === CHUNK.windows) {
      const { windows, chunks } = this.#operator(program, tenant);
      const row = windows.restoreRow(reader);
      chunks?.restored(row, keyGroup, number);
      return;
    }
    const { stage, chunks } = this.#stage(program, tenant);
    const key = stage.restore(reader.value() as string[], reader.value() ?? null);
    chunks?.restored(key, keyGroup, number);
  }

  writeClocks(writer: ByteWriter): void {
    writer.varint(this.#operators.size);
    for (const { program, tenant } of this.#operators.values()) {
      writer.varint(program.index);
      writer.text(tenant);
      writer.double(this.#clockOf(program, tenant).value);
    }
    writer.varint(this.#tenants.size);
    for (const tenant of this.#tenants) writer.text(tenant);
  }

  restoreClocks(reader: ByteReader): void {
    for (let count = reader.varint(); count > 0; count--) {
      const program = this.#program.rules[reader.varint()]!;
      const clock = this.#clockOf(program, reader.text());
      clock.value = Math.max(clock.value, reader.double());
    }
    for (let count = reader.varint(); count > 0; count--) this.knows(reader.text());
  }
}

/** What a chunk holds. */
const CHUNK = { windows: 1, alerts: 2 } as const;

function writeHead(writer: ByteWriter, kind: number, { index }: RuleProgram, tenant: string): void {
  writer.byte(kind);
  writer.varint(index);
  writer.text(tenant);
}

function splitName(name: string): [index: number, tenant: string] {
  const at = name.indexOf(' ');
  return [Number(name.slice(0, at)), name.slice(at + 1)];
}

/** Versions before, as far as their state goes on in this one. */
function oldVersionsOf(program: RuleProgram): OldVersion[] {
  const { before, isKept } = program;
  if (before === null || !isKept || before.rule.detect.kind === 'simple') return [];
  const old = { detect: before.rule.detect, code: before.code, until: before.until };
  return [...oldVersionsOf(before), old];
}

const serves = ({ rule }: RuleProgram, tenant: string): boolean =>
  rule.tenants === null || rule.tenants.includes(tenant);

/** Alerts by other fields than the rule's key are put together apart from the windows. */
export const hasAlertStage = ({ rule }: RuleProgram): boolean =>
  rule.alert !== null && !rule.alert.isOwnKey && rule.facts.status === 'enabled';
