// Promises of this file:
//   M1  read = decoded + undecodable + duplicates; decoded = wanted + unwanted. Every record is counted once.
//   M2  What is late is decided by the event's own partition, record by record: batches cannot be seen.
import { MARK, type BatchFrame, type CodeClause, type RuleError } from '../../frames.ts';
import type { Decoder } from '../../formats/record-batch.ts';
import { EventView } from '../../formats/event-view.ts';
import { makeJsonDecoder } from '../../formats/json-decoder.ts';
import { LimitBroken } from '../../functions/budget.ts';
import { isNoMatch } from '../../functions/no-match.ts';
import type { Json } from '../../plan/json.ts';
import { valueAtPath } from '../../plan/path-value.ts';
import { keyTextOf } from '../../plan/key-text.ts';
import type { SourceTest } from '../../plan/plan.ts';
import type { EventReader } from '../../plan/event-reader.ts';
import type { IocHit, ResultChange } from '../../plan/result.ts';
import type { ViewPlan } from '../../plan/view-plan.ts';
import { ByteWriter } from '../../state/byte-writer.ts';
import { ResultRefused, returnedFrom, type Fields } from '../correlate/plain-value.ts';
import { writeEventHead } from '../correlate/held-event.ts';
import type { IocProgram, PartsProgram, Program, RuleProgram, SourceProgram } from '../program.ts';
import type { Parks } from '../protect/parks.ts';
import type { RuleGuard } from '../protect/rule-calls.ts';
import type { ResultReader } from '../levels/result-reader.ts';
import { resultId } from '../result-id.ts';
import type { Partitions } from '../time/partitions.ts';
import { messageOf } from '../protect/thrown-message.ts';
import { LatenessTable } from './lateness-table.ts';
import { declaredNumber, Identities } from './identities.ts';
import { MatchCounts } from './match-counts.ts';
import type { MatchOutput, ResultPlace } from './match-output.ts';
import { foundBy, holdsOne, holdsOneOf, isOfSources, NO_EMPTY_TEXTS } from './source-text.ts';
import type { Lists } from './lists/lists.ts';
import { SourceTimes } from './source-times.ts';

/** An event dated further ahead of its arrival is from the future: its clock is wrong. */
export const FUTURE_MS = 300_000;
const EACH_MAX = 100;
/** Keys of one event, where several of its lists are gone through: each is a row. */
const KEYS_MAX = 1000;
const RECORD = MARK.record;

interface Reading {
  readonly decoder: Decoder;
  readonly view: EventView;
  readonly width: number;
}

/** The stage without memory of events: decodes batches, finds the rules that want each event, and says when it was. */
export class Matcher {
  readonly counts: MatchCounts;
  readonly identities = new Identities();
  readonly #program: Program;
  readonly #partitions: Partitions;
  readonly #lists: Lists;
  readonly #output: MatchOutput;
  readonly #times = new Map<SourceProgram, SourceTimes>();
  readonly #lateness: LatenessTable;
  /** One for each view through which events are read; the key '' is none. */
  readonly #readings = new Map<string, Reading>();
  /** What is counted of events, and of results that are read as events. */
  #tally: MatchCounts;
  readonly #untold: MatchCounts;
  readonly #key = new ByteWriter();
  readonly #row = new ByteWriter();

  #parks: Parks | null = null;

  // The event at hand.
  #source!: SourceProgram;
  #streamPartition = '';
  #partitionName: string | null = null;
  #partition = 0;
  #position = 0;
  #number: Json = 0;
  /** The number is the event's declared identity. */
  #isDeclared = false;
  #tenant = '';
  #at = 0;
  #arrivedAt = 0;
  #timeFrom: 'event' | 'arrival' = 'event';
  #isFuture = false;
  #hasTime = false;
  /** Watermarks of the partition before this event, without bound, by clock field. */
  readonly #highestBefore: number[] = [];
  readonly #lateRules: string[] = [];
  readonly #noTimeRules: string[] = [];
  readonly #futureRules: string[] = [];

  constructor(program: Program, partitions: Partitions, lists: Lists, output: MatchOutput) {
    this.#program = program;
    this.#lateness = new LatenessTable(program);
    this.#partitions = partitions;
    this.#lists = lists;
    this.#output = output;
    this.counts = new MatchCounts(program.rules.length);
    this.#untold = new MatchCounts(program.rules.length);
    this.#tally = this.counts;
  }

  /** The time of the event that was matched last. */
  get at(): number {
    return this.#at;
  }

  /** The rules have changed: there may be more of them. */
  changed(): void {
    this.counts.add(this.#program.rules.length);
    this.#untold.add(this.#program.rules.length);
    this.#lateness.clear();
  }

  /** `parks`: null where no place in the input is reached (events that are given again). */
  match(batch: BatchFrame, parks: Parks | null): void {
    const { marks } = this.#program.calls;
    this.#parks = parks;
    this.#source = this.#program.source(batch.source);
    this.#streamPartition = batch.partition;
    this.#partitionName = null;
    const times = this.#timesOf(this.#source);
    const { decoder, view } = this.#reading(this.#source.plan.view);
    view.setConstants(this.#source.constants);
    const decoded = decoder.decode(batch.bytes, batch.starts, batch.lengths, batch.numbers.length);
    this.counts.read += batch.numbers.length;
    for (const { index, reason, offset } of decoded.setAside) {
      this.counts.undecodable++;
      const number = batch.numbers[index]!;
      const { source, partition } = batch;
      this.#output.setAside({ source, partition, number, kind: 'undecodable', reason, offset });
    }
    for (let i = 0; i < decoded.count; i++) {
      view.moveTo(decoded, i);
      const index = decoded.index[i]!;
      this.#position = batch.numbers[index]!;
      marks[RECORD] = index;
      this.#event(view, times, batch.arrivedAt[index]!);
    }
  }

  /** Made on first use, and again when a source that nobody declared brought paths of its own. */
  #reading(through: ViewPlan | null): Reading {
    const { paths } = this.#program;
    const name = through?.name ?? '';
    let reading = this.#readings.get(name);
    if (reading === undefined || reading.width !== paths.length) {
      reading = {
        decoder: makeJsonDecoder(paths, through),
        view: new EventView(paths, through),
        width: paths.length,
      };
      this.#readings.set(name, reading);
    }
    return reading;
  }

  #timesOf(source: SourceProgram): SourceTimes {
    let times = this.#times.get(source);
    if (times === undefined)
      this.#times.set(source, (times = new SourceTimes(source, this.#program)));
    return times;
  }

  #event(view: EventView, times: SourceTimes, stampedAt: number): void {
    const source = this.#source;
    if (source.classes !== null) view.setClass(source.classes.of(view));
    this.#place(view, source);
    this.#readTimes(view, times, stampedAt);
    view.setFacts(this.#at, this.#arrivedAt, source.plan.name, this.#tenant, this.#number);
    if (this.#isDeclared && this.#isDuplicate()) return;
    if (this.#parks?.isNear) this.#parks.beforeRecord(this.#program.calls.marks[RECORD]!);
    this.counts.decoded++;
    let isWanted = false;
    const { candidates } = source;
    for (const program of candidates.always) if (this.#meet(view, program)) isWanted = true;
    for (const { slot, byValue } of candidates.byField) {
      const value = view.get(slot);
      const found = typeof value === 'string' ? byValue.get(value) : foundBy(value, byValue);
      if (found === undefined) continue;
      for (const program of found)
        if (this.#passesRest(view, program) && this.#meet(view, program)) isWanted = true;
    }
    if (isWanted) this.counts.wanted++;
    this.#raiseWatermarks(view, times);
    this.#reportLeftOut();
  }

  /** Who sent it: partition, tenant and number. */
  #place(view: EventView, source: SourceProgram): void {
    let { partitionSlot, tenantSlot } = source;
    const partition =
      partitionSlot < 0
        ? this.#streamPartition
        : (keyTextOf(view.get(partitionSlot), NO_EMPTY_TEXTS) ?? '');
    if (partition !== this.#partitionName) {
      this.#partitionName = partition;
      this.#partition = this.#partitions.intern(source.plan.name, partition);
      this.#output.partition(this.#partition);
    }
    this.#tenant =
      source.plan.tenant.kind === 'constant'
        ? source.plan.tenant.name
        : (keyTextOf(view.get(tenantSlot), NO_EMPTY_TEXTS) ?? '');
    this.#program.calls.useTenant(this.#tenant);
    const declared = source.identitySlots.length > 0 ? declaredNumber(view, source) : null;
    this.#isDeclared = declared !== null;
    this.#number = declared ?? this.#position;
  }

  #readTimes(view: EventView, times: SourceTimes, stampedAt: number): void {
    const at = times.at(view);
    const highest = this.#partitions.highest(this.#partition, 0);
    const arrivedAt = Number.isNaN(stampedAt) ? times.arrivedAt(view) : stampedAt;
    this.#hasTime = !Number.isNaN(at);
    // A file says nothing of arrival: an event without time stands where its partition stands.
    this.#arrivedAt = !Number.isNaN(arrivedAt)
      ? arrivedAt
      : this.#hasTime
        ? at
        : Math.max(0, highest);
    this.#isFuture = this.#hasTime && at > this.#arrivedAt + FUTURE_MS;
    this.#timeFrom = this.#hasTime && !this.#isFuture ? 'event' : 'arrival';
    this.#at = this.#timeFrom === 'event' ? at : this.#arrivedAt;
    this.#seenAt = this.#hasTime ? Math.min(at, this.#arrivedAt) : Number.NaN;
    this.#highestBefore[0] = highest;
    for (let i = 1; i <= this.#program.usings.length; i++)
      this.#highestBefore[i] = this.#partitions.highest(this.#partition, i);
  }

  #seenAt = 0;

  #isDuplicate(): boolean {
    const { plan } = this.#source;
    const rememberMs = plan.latenessMs ?? this.#program.tenantLatenessMs(this.#tenant);
    const watermark = this.#highestBefore[0]! - plan.boundMs;
    if (
      !this.identities.isRepeated(this.#partition, this.#number, this.#at + rememberMs, watermark)
    )
      return false;
    this.counts.duplicates++;
    const { partition } = this.#partitions.name(this.#partition);
    this.#output.setAside({
      source: plan.name,
      partition,
      number: this.#position,
      kind: 'duplicate',
      reason: `an event with the identity ${JSON.stringify(this.#number)} came before`,
      offset: 0,
    });
    return true;
  }

  #passesRest(view: EventView, program: RuleProgram): boolean {
    for (const { slot, values } of this.#source.candidates.restOf[program.index]!) {
      const value = view.get(slot);
      if (typeof value === 'string' ? !values.has(value) : !holdsOneOf(value, values)) return false;
    }
    return true;
  }

  /** A result as an event: hands on the rows that it is for the rules that read it. It is never late for them. */
  meetResult(view: ResultReader, place: ResultPlace, readers: readonly RuleProgram[]): void {
    const { source } = this.#program.resultSource;
    [this.#source, this.#tenant, this.#at] = [source, place.tenant, place.at];
    [this.#partition, this.#number, this.#position] = [
      place.partition,
      place.number,
      place.position,
    ];
    // Its partition is that of its event, whose name is to be found again for the next event of a batch.
    this.#partitionName = null;
    this.#isResult = true;
    this.#program.calls.useTenant(place.tenant);
    this.#tally = this.#untold;
    for (const program of readers)
      if (this.#passes(view, program.rule.sources)) this.#meet(view, program);
    this.#tally = this.counts;
    this.#isResult = false;
  }

  #isResult = false;

  #passes(view: EventReader, tests: readonly SourceTest[]): boolean {
    return tests.every(({ path, values }) => holdsOne(view.at(path), values));
  }

  /** One event and one rule whose SOURCES it passes. true: the rule wants it. */
  #meet(view: EventReader, program: RuleProgram): boolean {
    const { rule, guard } = program;
    if (guard.parked !== null) return false;
    if (rule.tenants !== null && !rule.tenants.includes(this.#tenant)) return false;
    if (!this.#isOfVersion(view, program)) return false;
    const counts = this.#tally.rules[program.index]!;
    if (program.filter !== null) {
      counts.filterCalls++;
      try {
        if (!program.filter(view)) return false;
      } catch (error) {
        // The call that parks a rule is none of those that it saw.
        if (program.guard.parked !== null) counts.filterCalls--;
        else if (!isNoMatch(error)) {
          counts.filterErrors++;
          this.#error(program, 'FILTER', error);
        }
        return false;
      }
    }
    let hits = NO_HITS;
    if (program.iocs !== null && !this.#inLists(view, program.iocs, (hits = []))) return false;
    if (program.parts !== null) {
      this.#askTests(view, program, program.parts);
      // A rule that does not say what its input is runs on what its parts can want.
      if (this.#bits === 0 && !program.parts.hasInput) return false;
    }
    if (program.excepts.length > 0 && this.#isExcepted(view, program)) return false;
    if (isParked(guard)) return false;
    if (rule.detect.kind === 'simple') this.#simple(view, program, hits);
    else this.#windowed(view, program);
    if (isParked(guard)) return false;
    counts.matched++;
    return true;
  }

  /** Events from an edit on are for the new version, older ones for the old; a rule that keeps events takes all. */
  #isOfVersion(view: EventReader, { rule, until, givesFrom, clockField }: RuleProgram): boolean {
    if (until === Infinity && (givesFrom === -Infinity || rule.detect.kind !== 'simple'))
      return true;
    const isOwn = clockField === 0 || this.#isResult;
    const at = isOwn
      ? this.#at
      : this.#timesOf(this.#source).using(view as EventView, clockField, this.#arrivedAt);
    return at < until && (rule.detect.kind !== 'simple' || at >= givesFrom);
  }

  /** Known good: counted, and no match. */
  #isExcepted(view: EventReader, program: RuleProgram): boolean {
    const isOne = program.excepts.some(({ holds, untilMs }) => {
      if (untilMs !== null && this.#at >= untilMs) return false;
      try {
        return Boolean(holds(view));
      } catch (error) {
        this.#failed(program, 'EXCEPT', error);
        return false;
      }
    });
    if (!isOne) return false;
    this.#tally.excepted++;
    this.#tally.rules[program.index]!.excepted++;
    return true;
  }

  #inLists(view: EventReader, program: IocProgram, hits: IocHit[]): boolean {
    if (program.kind === 'and' || program.kind === 'or') {
      if (program.kind === 'and')
        return program.of.every((part) => this.#inLists(view, part, hits));
      // Every part is asked, so that the result carries all rows that hit.
      return program.of.filter((part) => this.#inLists(view, part, hits)).length > 0;
    }
    if (program.kind === 'not') return !this.#inLists(view, program.of, []);
    const row = this.#lists.find(program.list, view.get(program.slot));
    if (row === null) return false;
    hits.push({ list: program.list, field: program.field, value: row.value, note: row.note });
    return true;
  }

  #simple(view: EventReader, program: RuleProgram, iocs: IocHit[]): void {
    const { rule, sink } = program;
    const { source, partition } = this.#partitions.name(this.#partition);
    let returned: readonly { readonly fields: Fields; readonly part: Json }[] = ONE_WITHOUT_FIELDS;
    if (sink !== null) {
      try {
        returned = returnedFrom(sink(view.whole() as never), {});
      } catch (error) {
        this.#failed(program, 'SINK', error);
        return;
      }
    }
    for (const { fields, part } of returned) {
      const parts: Json[] = ['simple', this.#tenant, rule.id, source, partition, this.#number];
      if (part !== null) parts.push(part);
      this.counts.rules[program.index]!.results++;
      const change: ResultChange = {
        change: 'final',
        revision: 1,
        result: {
          id: resultId(parts),
          rule: rule.id,
          version: rule.version,
          tenant: this.#tenant,
          severity: rule.facts.severity,
          key: {},
          start: this.#at,
          end: this.#at + 1,
          at: this.#at,
          timeFrom: this.#timeFrom,
          count: 1,
          first: [{ source, partition, number: this.#number, at: this.#at }],
          last: [],
          measures: {},
          fields,
          iocs,
        },
        positions: [this.#position],
      };
      const texts = rule.alert === null ? null : this.#alertTexts(view, program, fields);
      this.#output.result(program, change, this.#isLateFor(program), texts);
    }
  }

  /** ALERT BY of a simple rule reads what SINK gave, else the event itself. */
  #alertTexts(view: EventReader, { rule, alertSlots }: RuleProgram, fields: Fields): string[] {
    return rule.alert!.fields.map((path, i) => {
      const value = valueAtPath(fields, path) ?? view.get(alertSlots[i]!);
      return keyTextOf(value, NO_EMPTY_TEXTS) ?? '';
    });
  }

  /** Rules of windows would not see the event, as it is too old or its time is not its own. */
  #isLateFor(program: RuleProgram): boolean {
    if (program.readers.length === 0 || this.#timeFrom === 'arrival')
      return this.#timeFrom === 'arrival';
    const { latenessMs, boundMs } = this.#lateness.of(program, this.#source, this.#tenant);
    return this.#at < this.#highestBefore[0]! - boundMs - latenessMs;
  }

  #windowed(view: EventReader, program: RuleProgram): void {
    const at = this.#isResult ? this.#at : this.#timeFor(view as EventView, program);
    if (Number.isNaN(at)) return;
    if (program.parts !== null) {
      if (!this.#writeParts(view, program, program.parts, at) && !isParked(program.guard))
        this.#tally.noKey++;
      return;
    }
    this.#writeRow(view, program, at);
    if (isParked(program.guard)) return;
    if (!this.#writeKeys(view, program) && !isParked(program.guard)) this.#tally.noKey++;
  }

  /** The time of the event for a rule; NaN: it takes no part, which is counted. */
  #timeFor(view: EventView, program: RuleProgram): number {
    const { rule, clockField } = program;
    const at =
      clockField === 0
        ? this.#hasTime
          ? this.#seenOwnTime()
          : Number.NaN
        : this.#timesOf(this.#source).using(view, clockField, this.#arrivedAt);
    if (Number.isNaN(at)) {
      this.counts.noTime++;
      this.#noTimeRules.push(rule.id);
      return Number.NaN;
    }
    if (at > this.#arrivedAt + FUTURE_MS) {
      this.counts.future++;
      this.#futureRules.push(rule.id);
      return Number.NaN;
    }
    const { latenessMs, boundMs } = this.#lateness.of(program, this.#source, this.#tenant);
    if (at < this.#highestBefore[clockField]! - boundMs - latenessMs) {
      this.counts.late++;
      this.counts.rules[program.index]!.late++;
      this.#lateRules.push(rule.id);
      return Number.NaN;
    }
    return at;
  }

  /** Which conditions of the rule's parts hold for the event at hand, as bits. */
  #bits = 0;

  #askTests(view: EventReader, program: RuleProgram, { tests }: PartsProgram): void {
    this.#bits = 0;
    for (let i = 0; i < tests.length; i++) {
      const { sources, filter, readsResults } = tests[i]!;
      // Only what names results reads them.
      if (this.#isResult && !readsResults) continue;
      if (sources.length > 0 && !isOfSources(view, sources)) continue;
      try {
        if (filter === null || filter(view)) this.#bits |= 1 << i;
      } catch (error) {
        this.#failed(program, 'FILTER', error);
      }
    }
  }

  /** Hands the event on under each key that one of the rule's lists of keys gives it. false: it has none. */
  #writeParts(
    view: EventReader,
    program: RuleProgram,
    { keyLists, tests, isStrict, hasInput }: PartsProgram,
    at: number,
  ): boolean {
    const bits = this.#bits;
    if (keyLists.length === 1) {
      const isCopied = this.#copyKey(view, keyLists[0]!);
      const all = isCopied ? [] : this.#allKeys(view, program, keyLists[0]!);
      if (!isCopied && all.length === 0) return false;
      if (bits === 0 && !(isStrict && hasInput)) return true;
      this.#writeRow(view, program, at, bits);
      if (isParked(program.guard)) return true;
      if (isCopied) this.#output.row(program, this.#tenant, this.#key, this.#row);
      for (const texts of all) this.#handOn(program, texts);
      return true;
    }
    const byKey = new Map<string, { readonly texts: readonly string[]; bits: number }>();
    for (let list = 0; list < keyLists.length; list++) {
      const seen = tests.reduce(
        (all, { keyList }, i) => (keyList === list ? all | (bits & (1 << i)) : all),
        0,
      );
      for (const texts of this.#allKeys(view, program, keyLists[list]!)) {
        const name = JSON.stringify(texts);
        const known = byKey.get(name);
        if (known === undefined) byKey.set(name, { texts: [...texts], bits: seen });
        else known.bits |= seen;
      }
    }
    for (const { texts, bits: own } of byKey.values()) {
      if (own === 0 && !(isStrict && hasInput)) continue;
      this.#writeRow(view, program, at, own);
      if (isParked(program.guard)) return true;
      this.#handOn(program, texts);
    }
    return byKey.size > 0;
  }

  /** Leaves the key of the event in `#key`, if it is one short text that can be copied. */
  #copyKey(view: EventReader, keys: RuleProgram['keys']): boolean {
    const slot = keys.length === 1 ? keys[0]!.slot : -1;
    if (slot < 0 || this.#isResult || this.#source.empty.size > 0) return false;
    this.#key.clear();
    return (view as EventView).copyText(slot, this.#key);
  }

  #handOn(program: RuleProgram, texts: readonly string[]): void {
    this.#key.clear();
    for (const text of texts) this.#key.text(text);
    this.#output.row(program, this.#tenant, this.#key, this.#row);
  }

  /** The keys of the event: read them at once, the next event's come in the same place. Empty: it has none. */
  #allKeys(
    view: EventReader,
    program: RuleProgram,
    keys: RuleProgram['keys'],
  ): readonly (readonly string[])[] {
    const [only] = keys;
    if (keys.length === 1 && !only!.each) {
      const text = keyTextOf(this.#keyValue(view, program, only!), this.#source.empty);
      if (text === null) return [];
      this.#oneKey[0]![0] = text;
      return this.#oneKey;
    }
    let all: readonly (readonly string[])[] = [[]];
    for (const key of keys) {
      const texts = this.#keyTexts(this.#keyValue(view, program, key), key.each);
      if (texts.length === 0) return [];
      all = all.flatMap((before) => texts.map((text) => [...before, text])).slice(0, KEYS_MAX);
    }
    return all;
  }

  readonly #oneKey: string[][] = [['']];

  /** undefined: it has none, or its code failed. */
  #keyValue(
    view: EventReader,
    program: RuleProgram,
    { value }: RuleProgram['keys'][number],
  ): Json | undefined {
    try {
      return value(view);
    } catch (error) {
      this.#failed(program, 'AGGREGATE BY', error);
      return undefined;
    }
  }

  /** The event's own time, also when it lies in the future (which is judged by the caller). */
  #seenOwnTime(): number {
    return this.#isFuture ? this.#arrivedAt + FUTURE_MS + 1 : this.#at;
  }

  /** `bits`: of the conditions of parts, which stand in the first column. */
  #writeRow(view: EventReader, program: RuleProgram, at: number, bits: number | null = null): void {
    this.#row.clear();
    writeEventHead(this.#row, at, this.#partition, this.#number, this.#position);
    const { columns } = program;
    for (let i = 0; i < columns.length; i++)
      this.#row.value(
        i === 0 && bits !== null ? bits : this.#columnValue(view, program, columns[i]!),
      );
  }

  #columnValue(
    view: EventReader,
    program: RuleProgram,
    column: RuleProgram['columns'][number],
  ): Json | undefined {
    try {
      return column(view);
    } catch (error) {
      this.#failed(program, 'HAVING', error);
      return undefined;
    }
  }

  /** Hands the row on under each key of the event. false: it has none. */
  #writeKeys(view: EventReader, program: RuleProgram): boolean {
    if (this.#copyKey(view, program.keys)) {
      this.#output.row(program, this.#tenant, this.#key, this.#row);
      return true;
    }
    const all = this.#allKeys(view, program, program.keys);
    for (const texts of all) this.#handOn(program, texts);
    return all.length > 0;
  }

  #keyTexts(value: Json | undefined, each: boolean): readonly string[] {
    const { empty } = this.#source;
    if (!each || !Array.isArray(value)) {
      const text = keyTextOf(value, empty);
      return text === null ? [] : [text];
    }
    const texts = new Set<string>();
    for (const element of value as readonly Json[]) {
      const text = keyTextOf(element, empty);
      if (text !== null && texts.size < EACH_MAX) texts.add(text);
    }
    return [...texts];
  }

  #raiseWatermarks(view: EventView, times: SourceTimes): void {
    const partitions = this.#partitions;
    if (!Number.isNaN(this.#seenAt)) partitions.raise(this.#partition, 0, this.#seenAt);
    partitions.setArrivedAt(this.#partition, this.#arrivedAt);
    if (partitions.standing(this.#partition) !== 'open')
      partitions.setStanding(this.#partition, 'open');
    for (let field = 1; field <= this.#program.usings.length; field++) {
      const at = times.using(view, field, this.#arrivedAt);
      if (!Number.isNaN(at))
        partitions.raise(this.#partition, field, Math.min(at, this.#arrivedAt));
    }
  }

  #reportLeftOut(): void {
    this.#report(
      'late',
      this.#lateRules,
      'the event is older than its partition has reached, less bound and lateness',
    );
    this.#report('no time', this.#noTimeRules, 'the event has no readable time');
    this.#report(
      'future',
      this.#futureRules,
      'the event is dated more than 5 minutes after its arrival',
    );
  }

  #report(clause: RuleError['clause'], rules: string[], message: string): void {
    if (rules.length === 0) return;
    this.#output.error({ ...this.#errorPlace(), rules: [...rules], clause, message });
    rules.length = 0;
  }

  /** Code of a rule threw, or what it gave was refused. */
  #failed(program: RuleProgram, clause: CodeClause, error: unknown): void {
    if (isNoMatch(error)) return;
    if (LimitBroken.is(error)) return this.#program.calls.broken(program.guard, clause, error);
    if (error instanceof ResultRefused) program.guard.fails(clause);
    this.#error(program, clause, error);
  }

  #error(program: RuleProgram, clause: RuleError['clause'], error: unknown): void {
    this.#output.error({
      ...this.#errorPlace(),
      rules: [program.rule.id],
      clause,
      message: messageOf(error),
    });
  }

  #errorPlace(): { source: string; partition: string; number: number } {
    const { source, partition } = this.#partitions.name(this.#partition);
    return { source, partition, number: this.#position };
  }
}

/** Asked anew, as calls change it. */
const isParked = ({ parked }: RuleGuard): boolean => parked !== null;

/** Shared by all that no list was asked of: results hold it. */
const NO_HITS: IocHit[] = [];
const ONE_WITHOUT_FIELDS = [{ fields: {}, part: null }] as const;
