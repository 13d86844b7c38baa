// Promises of this file:
//   E1  The same frames give the same results: no randomness, nothing of the host but `compile`. Its clocks only say what
//       calls cost, and park rules; a park leaves as a frame, and a replay that is given it gives the same.
//   E2  Every frame that owes a `done` gets exactly one, after all that it caused.
import {
  KEY_GROUPS,
  NO_KEY_GROUP,
  MARK,
  type BatchFrame,
  type Change,
  type Core,
  type Counts,
  type EditedFrame,
  type EditFrame,
  type FrameFromEngine,
  type FrameToEngine,
  type Host,
  type ParkFrame,
  type PartitionName,
  type ReleaseFrame,
  type RuleError,
  type SetAside,
} from '../frames.ts';
import type { Plan } from '../plan/plan.ts';
import type { AlertChange, ResultChange } from '../plan/result.ts';
import type { SourcesPlan } from '../plan/source-plan.ts';
import { ByteReader } from '../state/byte-reader.ts';
import { ByteWriter } from '../state/byte-writer.ts';
import { Correlator, hasAlertStage } from './correlate/correlator.ts';
import { alertGroupOf, keyGroupOf } from './correlate/key-groups.ts';
import { chunksOf, ChunkWriter } from './correlate/chunks.ts';
import { Place } from './place.ts';
import { readRows, ROW, Routes, type RoutedAlert, type RowTaker } from './routes.ts';
import type { Member } from './correlate/alerts.ts';
import type { Evidence } from './correlate/candidates.ts';
import type { Shown } from './correlate/live.ts';
import { LevelTimes } from './levels/level-times.ts';
import { Levels } from './levels/levels.ts';
import { partitionOf, writePartition } from './correlate/held-event.ts';
import { Lists } from './match/lists/lists.ts';
import { Matcher } from './match/matcher.ts';
import { Parks } from './protect/parks.ts';
import { Program, type RuleProgram } from './program.ts';
import { Partitions } from './time/partitions.ts';
import { Streams } from './time/streams.ts';

/** A core: rules and bytes in, results out. Frames go in one at a time; what they cause comes back in order. */
export function openCore(host: Host): Core {
  return new Engine(host);
}

/** What rules and sources make of each other, once both are known. */
interface Running {
  readonly program: Program;
  readonly partitions: Partitions;
  readonly streams: Streams;
  readonly matcher: Matcher;
  readonly correlator: Correlator;
  readonly times: LevelTimes;
  readonly levels: Levels;
  readonly parks: Parks;
  readonly routes: Routes;
}

class Engine implements Core {
  readonly #host: Host;
  #lists = new Lists();
  #place = new Place(0, KEY_GROUPS, undefined);
  #plan: Plan = { format: 1, rules: [] };
  #sources: SourcesPlan = { sources: [], lists: [], tenants: [] };
  #running: Running | null = null;
  #out: FrameFromEngine[] = [];
  #results: ResultChange[] = [];
  #alerts: AlertChange[] = [];
  #setAside: SetAside[] = [];
  #errors: RuleError[] = [];

  constructor(host: Host) {
    this.#host = host;
  }

  receive(frame: FrameToEngine): FrameFromEngine[] {
    this.#out = [];
    this.#begin(frame);
    this.#take(frame);
    return this.#out;
  }

  /** What is said of rules from here on is said of this frame. */
  #begin(frame: FrameToEngine): void {
    if (this.#running === null || frame.type === 'probe' || frame.type === 'restore') return;
    const { parks } = this.#running;
    parks.begin(frame.type === 'batch' && !frame.refill ? frame : null);
    if (frame.type === 'batch') this.#parkOverShare();
  }

  #parkOverShare(): void {
    const { parks, program } = this.#running!;
    for (const { guard, usedMs } of program.calls.overShare()) {
      const message = `it used ${Math.round(usedMs)} ms of CPU within a minute, more than its share of ${guard.cpuShare! * 100} %`;
      parks.parkBefore(program.rules[guard.index]!, { limit: 'cpu share', message });
    }
  }

  #take(frame: FrameToEngine): void {
    switch (frame.type) {
      case 'open':
        this.#place = new Place(frame.from, frame.to, frame.place);
        this.#out.push({ type: 'ready' });
        return;
      case 'change':
        return this.#change(frame.change);
      case 'restore':
        return this.#restore(frame.keyGroup, frame.bytes);
      case 'start':
        this.#start(frame.partitions);
        return this.#done();
      case 'batch': {
        const { matcher, streams, parks } = this.#run();
        if (frame.refill) {
          this.#refill(frame);
          return this.#done();
        }
        streams.speaks(frame.source, frame.partition);
        matcher.match(frame, parks);
        parks.recordsAreThrough();
        return this.#settled();
      }
      case 'tick':
        this.#run().streams.tick(frame.arrivedAt, frame.partitions ?? null, this.#place.part === 0);
        return this.#settled();
      case 'end':
        this.#run().streams.end(frame.partition.source, frame.partition.partition);
        return this.#settled();
      case 'edit':
        return this.#edit(frame);
      case 'refilled':
        return this.#refilled(frame);
      case 'park':
      case 'release':
        return this.#park(frame);
      case 'probe':
        this.#run().program.calls.isProbing = true;
        return;
      case 'routed':
        this.#routed(frame.bytes);
        return this.#done();
      case 'watermark':
        this.#merge(new ByteReader(frame.bytes));
        return this.#settled();
      case 'finish':
        this.#run().correlator.finish();
        this.#publish();
        return this.#done();
      case 'snapshot':
        this.#snapshot(frame.mode ?? 'full');
        return this.#done();
      case 'close':
        return;
    }
  }

  #change(change: Change): void {
    if (this.#running !== null && (change.kind === 'rules' || change.kind === 'sources'))
      throw new Error(`${change.kind} cannot change after the start`);
    switch (change.kind) {
      case 'rules':
        this.#plan = change.plan;
        return;
      case 'sources':
        this.#sources = change.sources;
        return;
      case 'list':
        this.#lists.load(change.list, change.rows);
        return;
      case 'list-delta':
        this.#lists.change(change.name, change.add, change.remove);
    }
  }

  #checkLevels(): void {
    const { levels } = this.#running!.program;
    const most = this.#place.levelsMax;
    if (levels <= most) return;
    throw new Error(`the rules are of ${levels} levels, and there are only stages for ${most}`);
  }

  /** Edits before the start: they are made when the rules are. */
  readonly #edits: (EditFrame | ParkFrame | ReleaseFrame | { readonly type: 'refilled' })[] = [];

  #park(frame: ParkFrame | ReleaseFrame): void {
    if (this.#running === null) {
      this.#edits.push(frame);
      return;
    }
    this.#running.parks.order(frame);
    this.#done();
  }

  #edit(frame: EditFrame): void {
    if (this.#running === null) {
      this.#edits.push(frame);
      return;
    }
    // Behind all that was seen, so that no event has met the version that it is not of.
    const activeFrom = frame.activeFrom ?? this.#running.partitions.newest + 1;
    const isPast = activeFrom <= this.#running.partitions.newest;
    const rules = this.#changeRules(frame, activeFrom);
    if (isPast && rules.length > 0) this.#tellLateEdit(rules.map(({ rule }) => rule));
    this.#out.push({ type: 'edited', activeFrom, rules });
    this.#settled();
  }

  #tellLateEdit(rules: readonly string[]): void {
    const message = 'an edit came behind events that it holds for: those met the version before';
    const place = { source: '', partition: '', number: Number.NaN };
    this.#errors.push({ rules, clause: 'late', message, ...place });
  }

  #refilled(frame: FrameToEngine & { readonly type: 'refilled' }): void {
    if (this.#running === null) {
      this.#edits.push(frame);
      return;
    }
    this.#refilling = null;
    this.#running.program.refilled();
    this.#running.correlator.refilled();
    this.#settled();
  }

  #changeRules({ plan }: EditFrame, activeFrom: number): EditedFrame['rules'] {
    const { program, partitions, matcher, correlator, parks } = this.#running!;
    const before = program.rules.filter(({ until }) => until === Infinity);
    const rules = program.edit(plan, activeFrom);
    partitions.useClockFields(program.usings.length + 1);
    matcher.changed();
    parks.edited();
    correlator.changed(before.filter(({ until, after }) => until < Infinity && after === null));
    return rules;
  }

  /** Rules that begin with an edit, and what reads the recorded events for them. */
  #refilling: Matcher | null = null;

  #refill(frame: BatchFrame): void {
    const { program, partitions } = this.#run();
    if (this.#refilling === null) {
      // Late is judged again, in the order of the recording, by times of its own.
      const times = new Partitions(program.usings.length + 1);
      this.#refilling = new Matcher(program, times, this.#lists, {
        row: (rule, tenant, key, event) => {
          if (!(rule.until === Infinity && rule.givesFrom > -Infinity && !rule.isKept)) return;
          const { source, partition } = times.name(partitionOf(event.bytes, 0));
          const own = event.bytes.slice(0, event.length);
          writePartition(own, 0, partitions.intern(source, partition));
          const bytes = key.bytes.slice(0, key.length);
          const group = keyGroupOf(tenant, bytes, bytes.length);
          if (!this.#place.owns(rule.level, group))
            return this.#route(ROW.refill, group, rule, tenant, bytes, own);
          this.#run().correlator.refill(rule, tenant, bytes, own);
        },
        result: () => {},
        setAside: () => {},
        error: () => {},
        partition: () => {},
      });
    }
    this.#refilling.match(frame, null);
  }

  #run(): Running {
    if (this.#running !== null) return this.#running;
    const program = new Program(this.#plan, this.#sources, this.#host);
    const partitions = new Partitions(program.usings.length + 1);
    const streams = new Streams(program, partitions);
    const times = new LevelTimes();
    const routes = new Routes(partitions);
    const correlator = new Correlator(program, partitions, times, this.#place, {
      result: (rule, change, trigger, before) => this.#result(rule, change, trigger, before),
      alert: (change) => this.#alerts.push(change),
      error: (error) => this.#errors.push(error),
    });
    const matcher = new Matcher(program, partitions, this.#lists, {
      row: (rule, tenant, key, event) => {
        if (this.#isFeeding) levels.takeRow(rule, tenant, key, event);
        else this.#row(rule, tenant, key, event);
      },
      result: (rule, change, isLate, texts) => {
        this.#results.push(change);
        if (rule.readers.length > 0 || hasAlertStage(rule))
          this.#waiting.push({ rule, change, isLate, texts });
      },
      setAside: (record) => this.#setAside.push(record),
      error: (error) => this.#errors.push(error),
      partition: (partition) => streams.feeds(partition),
    });
    const levels = new Levels(program, partitions, matcher, {
      row: ({ rule, tenant, key, event }, isRemoval) =>
        this.#resultRow(rule, tenant, key, event, isRemoval),
      alert: (rule, tenant, texts, id, member) => this.#alert(rule, tenant, texts, id, member),
    });
    const parks = new Parks(
      program,
      () => matcher.at,
      () => correlator.readsChanged(),
    );
    this.#running = {
      ...{ program, partitions, streams, matcher, correlator, times, levels, parks },
      routes,
    };
    this.#checkLevels();
    for (const frame of this.#edits)
      if (frame.type === 'refilled') program.refilled();
      else if (frame.type !== 'edit') parks.order(frame);
      else this.#changeRules(frame, frame.activeFrom ?? -Infinity);
    return this.#running;
  }

  /** Rows are being made of results. */
  #isFeeding = false;
  /** Results of simple rules, which are read when the batch is through. */
  #waiting: {
    readonly rule: RuleProgram;
    readonly change: ResultChange;
    readonly isLate: boolean;
    readonly texts: readonly string[] | null;
  }[] = [];

  #feed(rule: RuleProgram, change: ResultChange, trigger: Evidence, before: Shown | null): void {
    this.#isFeeding = true;
    this.#run().levels.feed(rule, change, trigger, before);
    this.#isFeeding = false;
  }

  #feedWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { rule, change, isLate, texts } of waiting) {
      this.#run().correlator.knows(change.result.tenant);
      const trigger = { name: change.result.first[0]!, position: change.positions[0]! };
      if (!isLate) this.#feed(rule, change, trigger, null);
      if (hasAlertStage(rule)) this.#run().levels.feedAlerts(rule, change, texts, null);
    }
  }

  /** An event that a result is, or was, for a rule that reads it. */
  #resultRow(
    rule: RuleProgram,
    tenant: string,
    key: Uint8Array,
    event: Uint8Array,
    isRemoval: boolean,
  ): void {
    const { correlator } = this.#run();
    // What the rule holds stays as it is.
    if (rule.guard.parked !== null) return;
    const group = keyGroupOf(tenant, key, key.length);
    if (!this.#place.owns(rule.level, group))
      return this.#route(isRemoval ? ROW.removal : ROW.result, group, rule, tenant, key, event);
    if (isRemoval) correlator.removeRow(rule, tenant, key, event);
    else correlator.addResult(rule, tenant, key, event);
  }

  #route(
    kind: number,
    keyGroup: number,
    { index, level }: RuleProgram,
    tenant: string,
    key: Uint8Array,
    event: Uint8Array,
  ): void {
    const { routes } = this.#run();
    const target = this.#place.ofRow(level, keyGroup);
    routes.row(kind, target, index, tenant, key, key.length, event, event.length);
  }

  #alert(
    rule: RuleProgram,
    tenant: string,
    texts: readonly string[],
    id: string,
    member: Member | null,
  ): void {
    const { correlator, routes } = this.#run();
    const keyGroup = alertGroupOf(tenant, texts);
    if (this.#place.ownsAlerts(keyGroup))
      return correlator.putAlert(rule, tenant, texts, id, member);
    routes.alert(this.#place.ofAlert(keyGroup), rule.index, tenant, { texts, id, member });
  }

  #start(known: readonly PartitionName[]): void {
    const { streams } = this.#run();
    for (const { source, partition } of known) streams.isKnown(source, partition);
  }

  /** An event for a key: kept here, or handed to the engine part that owns the key. */
  #row(rule: RuleProgram, tenant: string, key: ByteWriter, event: ByteWriter): void {
    const place = this.#place;
    const { correlator, routes } = this.#running!;
    // A part that owns all keys need not ask.
    const group = place.isAlone ? 0 : keyGroupOf(tenant, key.bytes, key.length);
    if (place.isAlone || place.owns(rule.level, group)) {
      if (!correlator.add(rule, tenant, key.bytes, 0, key.length, event.bytes, 0, event.length))
        this.#joinedLate(rule, event.bytes, 0);
      return;
    }
    correlator.knows(tenant);
    routes.row(
      ROW.event,
      place.ofRow(rule.level, group),
      rule.index,
      tenant,
      key.bytes,
      key.length,
      event.bytes,
      event.length,
    );
  }

  #routed(bytes: Uint8Array): void {
    readRows(bytes, this.#run().partitions, this.#rowTaker);
  }

  readonly #rowTaker: RowTaker = {
    row: (kind, index, tenant, bytes, keyStart, keyEnd, eventStart, eventEnd) => {
      const { program, correlator } = this.#running!;
      const rule = program.rules[index]!;
      if (rule.guard.parked !== null) return;
      if (kind === ROW.event) {
        if (!correlator.add(rule, tenant, bytes, keyStart, keyEnd, bytes, eventStart, eventEnd))
          this.#joinedLate(rule, bytes, eventStart);
        return;
      }
      const key = bytes.slice(keyStart, keyEnd);
      const event = bytes.slice(eventStart, eventEnd);
      if (kind === ROW.refill) correlator.refill(rule, tenant, key, event);
      else if (kind === ROW.result) correlator.addResult(rule, tenant, key, event);
      else correlator.removeRow(rule, tenant, key, event);
    },
    alert: (index, tenant, { texts, id, member }: RoutedAlert) => {
      const { program, correlator } = this.#running!;
      correlator.putAlert(program.rules[index]!, tenant, texts, id, member);
    },
  };

  #joinedLate({ rule, index }: RuleProgram, event: Uint8Array, start: number): void {
    const { matcher, partitions } = this.#run();
    matcher.counts.late++;
    matcher.counts.rules[index]!.late++;
    const { source, partition } = partitions.name(partitionOf(event, start));
    const message = 'the partition joined the clock of this rule when it had passed the event';
    this.#errors.push({
      rules: [rule.id],
      clause: 'late',
      message,
      source,
      partition,
      number: Number.NaN,
    });
  }

  #result(rule: RuleProgram, change: ResultChange, trigger: Evidence, before: Shown | null): void {
    if (change.change === 'final') this.#run().matcher.counts.rules[rule.index]!.results++;
    this.#results.push(change);
    if (rule.readers.length > 0) this.#feed(rule, change, trigger, before);
    if (hasAlertStage(rule)) this.#run().levels.feedAlerts(rule, change, null, before);
  }

  /** After events: the other parts hear of the watermarks, then time moves here. */
  #settled(): void {
    this.#feedWaiting();
    this.#publish();
    this.#run().correlator.advance();
    this.#publish();
    this.#done();
  }

  /** Tells the other parts what they cannot know: how far partitions and results have come, and which tenants there are. */
  #publish(): void {
    const { partitions, correlator, times, routes } = this.#run();
    const changes = partitions.takeChanges();
    if (!this.#place.isHeard) return;
    if (changes === null && !times.hasChanges && !correlator.hasNewTenants) return;
    // What is said of time holds for those who have the rows before it.
    this.#out.push(...routes.take());
    const writer = new ByteWriter();
    writer.block(changes ?? NO_BYTES);
    const tenants = correlator.takeNewTenants();
    writer.varint(tenants.length);
    for (const tenant of tenants) writer.text(tenant);
    times.writeChanges(writer, this.#place.from, this.#place.to);
    this.#out.push({ type: 'watermark', bytes: writer.copy() });
  }

  #merge(reader: ByteReader): void {
    const { partitions, correlator, times } = this.#run();
    const changes = reader.block();
    if (changes.length > 0) partitions.merge(changes);
    for (let count = reader.varint(); count > 0; count--) correlator.knows(reader.text());
    times.merge(reader);
  }

  #done(): void {
    this.#out.push(...this.#run().routes.take());
    if (this.#setAside.length > 0) this.#out.push({ type: 'set-aside', records: this.#setAside });
    if (this.#errors.length > 0) this.#out.push({ type: 'errors', errors: this.#errors });
    if (this.#results.length > 0) this.#out.push({ type: 'results', changes: this.#results });
    if (this.#alerts.length > 0) this.#out.push({ type: 'alerts', changes: this.#alerts });
    [this.#setAside, this.#errors, this.#results, this.#alerts] = [[], [], [], []];
    this.#tellParks();
    const { calls } = this.#run().program;
    calls.isProbing = false;
    calls.marks[MARK.frame]!++;
    // Counted when somebody looks, before the next frame: of many rules that is work.
    const count = (): Counts => this.#counts();
    this.#out.push({
      type: 'done',
      get counts() {
        return count();
      },
    });
  }

  #tellParks(): void {
    const { parks, released } = this.#run().parks.takeTold();
    if (parks.length > 0) this.#out.push({ type: 'parked', parks });
    if (released.length > 0) this.#out.push({ type: 'released', rules: released });
  }

  #counts(): Counts {
    const { matcher, correlator, partitions, program } = this.#run();
    const { rules, ...totals } = matcher.counts;
    return {
      ...totals,
      clock: correlator.clock ?? partitions.least,
      newest: partitions.newest,
      rules: rules.map((counts, i) => {
        const { rule, guard } = program.rules[i]!;
        const isFilterFlagged = counts.filterErrors > counts.filterCalls / 100;
        return {
          rule: rule.id,
          ...counts,
          flagged: isFilterFlagged || guard.isFlagged,
          parked: guard.parked !== null,
          calls: guard.calls,
          cpuMs: guard.cpuMs,
        };
      }),
    };
  }

  // ---- snapshot and restore --------------------------------------------------------------------------------------

  #snapshot(mode: 'full' | 'changed' | 'ahead'): void {
    // Who restores must know the partitions before the rows that are of them.
    if (mode !== 'ahead') {
      const whole = new ChunkWriter((_group, bytes) => this.#state(NO_KEY_GROUP, bytes));
      whole.begin(NO_KEY_GROUP, 0).raw(this.#withoutKey().copy());
      whole.end();
      whole.close();
    }
    const chunks = new ChunkWriter((group, bytes) => this.#state(group, bytes));
    this.#run().correlator.snapshot(mode === 'full', chunks);
    chunks.close();
  }

  #state(keyGroup: number, bytes: Uint8Array): void {
    this.#out.push({ type: 'state', keyGroup, bytes });
  }

  #withoutKey(): ByteWriter {
    const { partitions, streams, matcher, correlator, program, parks } = this.#run();
    const writer = new ByteWriter();
    writer.byte(STATE_FORMAT);
    writer.block(partitions.snapshot());
    streams.snapshot(writer);
    matcher.identities.snapshot(writer, partitions);
    matcher.counts.snapshot(writer);
    correlator.writeClocks(writer);
    parks.snapshot(writer);
    program.calls.snapshot(writer);
    return writer;
  }

  #restore(keyGroup: number, bytes: Uint8Array): void {
    for (const chunk of chunksOf(bytes))
      if (keyGroup === NO_KEY_GROUP) this.#restoreWithoutKey(new ByteReader(chunk.bytes));
      else this.#run().correlator.restore(keyGroup, chunk.number, chunk.bytes);
  }

  /** Every part gets this state of every part that was; what they counted goes on in the first one. */
  #restoreWithoutKey(reader: ByteReader): void {
    const { partitions, streams, matcher, correlator, program, parks } = this.#run();
    const format = reader.byte();
    if (format !== STATE_FORMAT)
      throw new Error(
        `the state is of format ${format}, and this version of Weir reads ${STATE_FORMAT}`,
      );
    partitions.merge(reader.block());
    streams.restore(reader);
    matcher.identities.restore(reader, partitions);
    matcher.counts.restore(reader, this.#place.part === 0);
    correlator.restoreClocks(reader);
    parks.restore(reader);
    program.calls.restore(reader, this.#place.part === 0);
  }
}

const NO_BYTES = new Uint8Array(0);
/** Of stored state. It rises when what is written changes; formats that were released are read for ever. */
const STATE_FORMAT = 1;
