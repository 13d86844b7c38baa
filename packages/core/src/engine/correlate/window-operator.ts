// Promises of this file:
//   W1  The final results of a key are a function of its events alone: neither the order in which they came nor where
//       batches, snapshots or engine parts were cut can be seen. Held by: tests/theorem.test.ts.
//   W2  A result that was opened ends with final or withdraw.
//   W3  An event is stored once, however many windows it is in, and no longer than a window may need it.
import { LimitBroken } from '../../functions/budget.ts';
import type { ResultChange } from '../../plan/result.ts';
import type { ByteReader } from '../../state/byte-reader.ts';
import type { ByteWriter } from '../../state/byte-writer.ts';
import { ByRow } from '../../state/by-row.ts';
import { KeyedLog } from '../../state/keyed-log.ts';
import { RowSet } from '../../state/row-set.ts';
import { TimerHeap } from '../../state/timer-heap.ts';
import { areEqualBytes, keyTextsOf } from './key-texts.ts';
import { AlertTeller } from './alert-teller.ts';
import { memberOf } from './alerts.ts';
import {
  lastAtOf,
  settledAt,
  type Candidate,
  type Carried,
  type Evidence,
  type GlanceInput,
  type Scan,
  type WindowKind,
} from './candidates.ts';
import {
  atOf,
  compareHeldEvents,
  letGo,
  nameOf,
  readHeldEvent,
  type HeldEvent,
} from './held-event.ts';
import {
  isQuiet,
  isSameResult,
  liveFromJson,
  liveToJson,
  newLive,
  type Live,
  type LiveResult,
} from './live.ts';
import { ResultMaker } from './result-maker.ts';
import type { WindowFacts } from './window-facts.ts';
import { readRow, writeRow } from './row-state.ts';

/** Windows of one rule for one tenant: holds events by key and judges windows as time passes. */
export class WindowOperator {
  readonly #facts: WindowFacts;
  readonly #windows: WindowKind;
  readonly #maker: ResultMaker;
  readonly #alerts: AlertTeller;
  readonly #log = new KeyedLog();
  readonly #live = new ByRow<Live>();
  readonly #touched = new RowSet();
  /** By row: the earliest time of results that may still come or change, and where results to come may begin. */
  readonly #levelHolds = new TimerHeap();
  readonly #alertHolds = new TimerHeap();
  /** What kinds keep in memory of a key, and how many events have come since. */
  readonly #memories = new ByRow<{ memory: unknown; fresh: number; rereads: boolean }>();

  #holdsLevel: WindowFacts['holdsLevel'];

  constructor(facts: WindowFacts) {
    this.#facts = facts;
    this.#holdsLevel = facts.holdsLevel;
    this.#maker = new ResultMaker(facts);
    this.#alerts = new AlertTeller(facts, (row) => this.#log.readKey(row, keyTextsOf));
    this.#windows = facts.kind;
    this.#glanced = {
      log: this.#log,
      row: 0,
      scannedTo: 0,
      carried: null,
      memory: null,
      isUnchanged: false,
      clock: 0,
      latenessMs: facts.latenessMs,
      evidence: this.#evidence,
    };
  }

  get keys(): number {
    return this.#log.size;
  }

  get sizeBytes(): number {
    return this.#log.sizeBytes;
  }

  /** Others have begun, or ceased, to read the results. */
  readBy(holdsLevel: WindowFacts['holdsLevel']): void {
    if (holdsLevel === this.#holdsLevel) return;
    this.#holdsLevel = holdsLevel;
    if (holdsLevel !== 'no') for (const row of this.#log.rows()) this.#touched.add(row);
  }

  /** Takes an event (as `held-event.ts` has it) for a key. false: it is late, since its partition joined late. */
  add(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    event: Uint8Array,
    start: number,
    end: number,
    isNeverLate = false,
  ): boolean {
    const { clock, latenessMs } = this.#facts;
    const at = atOf(event, start);
    if (!isNeverLate && at < clock.value - latenessMs) return false;
    const { goesOn, givesFrom } = this.#facts;
    if (goesOn && this.#log.find(key, keyStart, keyEnd) < 0) {
      // The version before has it, and it is taken over with the key's first own event.
      if (at < givesFrom) return true;
      this.#takeOverRow(key.slice(keyStart, keyEnd));
    }
    if (goesOn && at >= givesFrom) this.#facts.before()?.claim(key.slice(keyStart, keyEnd), at);
    const row = this.#log.findOrAdd(key, keyStart, keyEnd);
    if (this.#log.count(row) === 0 && !this.#live.has(row))
      this.#log.setMark(row, clock.value - latenessMs);
    this.#log.append(row, event, start, end);
    this.#facts.chunks?.touch(row);
    const memory = this.#memories.get(row);
    if (memory !== undefined) memory.fresh++;
    if (!this.#mayWait(row, event, start)) this.#touched.add(row);
    return true;
  }

  /** The event that was appended changes nothing for now; a timer is set, so that it is let go in time. */
  #mayWait(row: number, bytes: Uint8Array, start: number): boolean {
    const { clock, latenessMs, holdsAlerts } = this.#facts;
    if (this.#windows.lookAt === undefined || this.#holdsLevel !== 'no' || holdsAlerts)
      return false;
    const isAlone = this.#log.count(row) === 1;
    const at = this.#windows.lookAt(row, bytes, start, isAlone, clock.value, latenessMs);
    if (at === null) return false;
    if (at < this.#log.timers.due(row)) this.#log.timers.set(row, at);
    return true;
  }

  #takeOverRow(key: Uint8Array): void {
    const before = this.#facts.before();
    const from = before === null ? -1 : before.#log.find(key, 0, key.length);
    if (before === null || from < 0) return;
    const row = this.#log.findOrAdd(key, 0, key.length);
    const events: Uint8Array[] = [];
    before.#log.forEach(from, (bytes, start, end) => events.push(bytes.slice(start, end)));
    for (const event of events.reverse()) this.#log.append(row, event, 0, event.length);
    this.#log.setMark(row, before.#log.mark(from));
    const carried = before.#live.get(from)?.carried ?? null;
    if (carried !== null) this.#live.set(row, this.#newLive(carried));
  }

  #newLive(carried: Carried | null): Live {
    return newLive(carried, this.#facts.alert !== null);
  }

  /** Hands a result on to the version after: it is amended there, and not told here any more. */
  #handOn(key: Uint8Array, id: string): LiveResult | null {
    const row = this.#log.find(key, 0, key.length);
    if (row < 0) return null;
    const live = this.#live.get(row) ?? this.#newLive(null);
    this.#live.set(row, live);
    (live.handedOn ??= new Set()).add(id);
    this.#facts.chunks?.touch(row);
    const shown = live.results.get(id);
    if (shown === undefined) return null;
    live.results.delete(id);
    live.alerts.remove(id);
    this.#touched.add(row);
    return shown;
  }

  /** The version after has it no more: it may be told here again. */
  handBack(key: Uint8Array, id: string): void {
    const row = this.#log.find(key, 0, key.length);
    if (row >= 0 && this.#live.get(row)?.handedOn?.delete(id)) this.#touch(row);
  }

  /** The version after has an event of the key: windows that hold it are that version's. */
  claim(key: Uint8Array, at: number): void {
    const row = this.#log.find(key, 0, key.length);
    if (row < 0) return;
    const live = this.#live.get(row) ?? this.#newLive(null);
    this.#live.set(row, live);
    if (at < live.claimedAt) live.claimedAt = at;
    this.#facts.chunks?.touch(row);
  }

  #isRefilling = false;

  /** An event from before the edit. Nothing is looked at until all of them are here. */
  refill(key: Uint8Array, event: Uint8Array): void {
    this.#isRefilling = true;
    const isNew = this.#log.find(key, 0, key.length) < 0;
    const row = this.#log.findOrAdd(key, 0, key.length);
    // What is settled long since is found again, so that what follows from it is as it would be.
    if (isNew || this.#log.mark(row) > -Infinity) this.#log.setMark(row, -Infinity);
    this.#log.append(row, event, 0, event.length);
    this.#memories.delete(row);
    this.#touch(row);
  }

  /** All of them are here: what is open is looked at again, as it is warming no more. */
  refilled(): void {
    this.#isRefilling = false;
    if (this.#facts.givesFrom > -Infinity)
      for (const row of this.#live.rows()) this.#touched.add(row);
  }

  /** The rule is gone: what is open is final as it is. */
  close(): void {
    for (const ofRow of this.#live.rows()) {
      const live = this.#live.get(ofRow)!;
      for (const { id, change, revision, trigger } of live.results.values()) {
        const before = { result: change.result, trigger };
        this.#facts.output.result(
          { ...change, change: 'final', revision: revision + 1 },
          trigger,
          before,
        );
        if (this.#facts.alert !== null) live.alerts.put(memberOf(change.result, true));
        live.results.delete(id);
      }
      live.carried = null;
    }
    const rows = [...this.#log.rows()];
    for (const row of rows) {
      const live = this.#live.get(row);
      if (live !== undefined && !live.alerts.isEmpty) this.#alerts.tell(row, live.alerts, Infinity);
      this.#live.delete(row);
      this.#removeRow(row);
    }
    this.#touched.clear();
  }

  /** Takes back an event that `add` took. */
  remove(key: Uint8Array, event: Uint8Array): void {
    const row = this.#log.find(key, 0, key.length);
    if (row < 0) return;
    let isFound = false;
    this.#log.trim(row, (bytes, start, end) => {
      if (isFound || !areEqualBytes(bytes, start, end, event)) return true;
      isFound = true;
      return false;
    });
    this.#memories.delete(row);
    this.#touch(row);
  }

  /** It is to be looked at, and stored anew. */
  #touch(row: number): void {
    this.#touched.add(row);
    this.#facts.chunks?.touch(row);
  }

  /** No result before it comes or changes any more for those who read them. */
  get levelTime(): number {
    const { clock, latenessMs } = this.#facts;
    // At the end nothing is waited for, not even the rest of a window of n events.
    if (clock.value === Infinity) return Infinity;
    return Math.min(clock.value - latenessMs, this.#levelHolds.next);
  }

  /** No result that is not known begins before it. */
  get alertTime(): number {
    const { clock, latenessMs } = this.#facts;
    if (clock.value === Infinity) return Infinity;
    return Math.min(clock.value - latenessMs, this.#alertHolds.next);
  }

  /** Looks at what changed, and at what has become due since the clock moved. */
  settle(): void {
    const { isParked } = this.#facts;
    if (this.#isRefilling || isParked()) return;
    for (const row of this.#touched.rows) {
      this.#process(row);
      if (isParked()) return;
    }
    this.#touched.clear();
    const { timers } = this.#log;
    while (!isParked() && timers.size > 0 && timers.next <= this.#facts.clock.value) {
      const row = timers.take();
      this.#process(row);
      if (isParked()) this.#touched.add(row);
    }
  }

  #process(row: number): void {
    this.#facts.chunks?.touch(row);
    const live = this.#live.get(row);
    if (live === undefined && this.#hasNothing(row)) return this.#forget(row);
    if (live !== undefined && this.#areOnlyAlertsDue(row, live))
      return this.#endOfAlerts(row, live);
    const glanced = this.#glance(row, live);
    const scan = glanced ?? this.#scan(row, live?.carried ?? null);
    // Of what was asked when a limit was broken nothing is kept: all of it is asked again if the rule goes on.
    if (this.#isCut(scan)) return this.#memories.delete(row);
    this.#rememberOf(row, scan);
    const isIdle =
      live === undefined && glanced?.candidates.length === 0 && glanced.carried === null;
    const after = live ?? (isIdle ? this.#idle : this.#newLive(null));
    this.#show(row, after, scan);
    if (this.#facts.isParked()) {
      this.#memories.delete(row);
      if (after !== this.#idle) this.#live.set(row, after);
      return;
    }
    this.#settleRow(row, after, scan);
  }

  /** No window of the key can be true now: too few events are held, or nothing has come since it was looked at. */
  #hasNothing(row: number): boolean {
    if (this.#log.count(row) < this.#windows.eventsMin) return true;
    const { holdsAlerts } = this.#facts;
    return (
      this.#holdsLevel === 'no' &&
      !holdsAlerts &&
      !this.#touched.has(row) &&
      // What is remembered is not final, though it may have given no result: it has to be settled, and may have failed.
      !this.#memories.has(row) &&
      this.#windows.changesWithEventsOnly?.(row) === true
    );
  }

  /** Nothing is open, no event has come that had to be looked at, and none waits for others. */
  #areOnlyAlertsDue(row: number, live: Live): boolean {
    const { clock, latenessMs, holdsAlerts } = this.#facts;
    return (
      live.quietTo > clock.value &&
      live.results.size === 0 &&
      !this.#touched.has(row) &&
      this.#holdsLevel === 'no' &&
      !holdsAlerts &&
      this.#windows.nothingWaits?.(row, clock.value, latenessMs) === true
    );
  }

  #endOfAlerts(row: number, live: Live): void {
    const { clock, latenessMs } = this.#facts;
    this.#alerts.tell(row, live.alerts, clock.value - latenessMs);
    if (isQuiet(live)) {
      this.#live.delete(row);
      if (this.#log.count(row) === 0) return this.#removeRow(row);
    }
    this.#setTimer(row, Math.min(live.quietTo, this.#alerts.due(live.alerts)));
  }

  /** A limit was broken while it was made. */
  #isCut({ failures }: Scan): boolean {
    const { isParked, output } = this.#facts;
    for (const { error, event } of failures)
      if (LimitBroken.is(error)) output.failed('HAVING', error, this.#evidence(event));
    return isParked();
  }

  /** Stands for what is shown of a key of which nothing is. */
  readonly #idle = newLive(null, false);

  #glance(row: number, live: Live | undefined): Scan | null {
    if (this.#windows.glance === undefined) return null;
    const remembered = this.#memories.get(row);
    if (remembered !== undefined && !remembered.rereads) return null;
    const input = this.#glanced;
    input.row = row;
    input.scannedTo = this.#log.mark(row);
    input.carried = live?.carried ?? null;
    input.memory = remembered?.memory ?? null;
    input.isUnchanged = remembered?.fresh === 0 && !this.#touched.has(row);
    input.clock = this.#facts.clock.value;
    return this.#windows.glance(input);
  }

  #rememberOf(row: number, { memory = null, rereads = false }: Scan): void {
    const before = this.#memories.get(row);
    if (memory === null) {
      if (before !== undefined) this.#memories.delete(row);
    } else if (before !== undefined && before.memory === memory) before.fresh = 0;
    else this.#memories.set(row, { memory, fresh: 0, rereads });
  }

  /** For a key of which no window can be true: only lets old events go. */
  #forget(row: number): void {
    const { clock, latenessMs, holdsAlerts } = this.#facts;
    this.#memories.delete(row);
    this.#log.setMark(row, Math.max(this.#log.mark(row), clock.value - latenessMs));
    // A timer is set already: what came since is let go by a later one.
    const dueBefore = this.#log.timers.due(row);
    if (this.#areLetGoTogether || dueBefore === Infinity || dueBefore <= clock.value) {
      const due = this.#trimOld(row);
      if (this.#log.count(row) === 0) return this.#removeRow(row);
      this.#log.timers.set(row, due);
    }
    if (!holdsAlerts && !this.#holdsUnknown) return;
    let oldest = Infinity;
    this.#log.forEach(row, (bytes, start) => (oldest = Math.min(oldest, atOf(bytes, start))));
    this.#hold(row, this.#holdsUnknown ? oldest : Infinity, oldest);
  }

  /** Windows that follow from each other: their oldest events are let go with the newest. */
  get #areLetGoTogether(): boolean {
    const { detect } = this.#facts;
    return (
      detect.kind === 'window' &&
      detect.window.kind !== 'hopping' &&
      detect.window.kind !== 'sliding'
    );
  }

  /** Lets go what is needed no more. Gives the clock of the next look: when about a quarter more may go. */
  #trimOld(row: number): number {
    const { clock, latenessMs } = this.#facts;
    const forgetAt = (at: number): number => this.#windows.forgetAt(at, latenessMs);
    if (this.#areLetGoTogether) {
      let newest = -Infinity;
      this.#log.forEach(row, (bytes, start) => (newest = Math.max(newest, atOf(bytes, start))));
      if (forgetAt(newest) <= clock.value) this.#log.trim(row, () => false);
      return forgetAt(newest);
    }
    const oldest = letGo(this.#log, row, (at) => forgetAt(at) <= clock.value);
    return forgetAt(oldest) + forgetAt(0) / 4;
  }

  /** Results to come may stand before the clock: those of windows that are judged at their end. */
  get #holdsUnknown(): boolean {
    const { detect } = this.#facts;
    const isCount = detect.kind === 'window' && detect.window.kind === 'count';
    return this.#holdsLevel === 'unknown' && !this.#windows.isEarly && !isCount;
  }

  #hold(row: number, level: number, alert: number): void {
    if (this.#holdsLevel !== 'no') this.#levelHolds.set(row, level);
    if (this.#facts.holdsAlerts) this.#alertHolds.set(row, alert);
  }

  #removeRow(row: number): void {
    this.#windows.forget?.(row);
    this.#memories.delete(row);
    this.#levelHolds.clear(row);
    this.#alertHolds.clear(row);
    const { chunks, keyGroupOf } = this.#facts;
    chunks?.remove(row, () => keyGroupOf(this.#log.key(row)));
    this.#log.remove(row);
  }

  #scan(row: number, carried: Carried | null): Scan {
    const { clock, latenessMs, partitions, detect } = this.#facts;
    const remembered = this.#memories.get(row);
    const events: HeldEvent[] = [];
    this.#log.forEach(
      row,
      (bytes, start) => events.push(readHeldEvent(bytes, start, detect.columns.length)),
      remembered === undefined || remembered.rereads ? undefined : remembered.fresh,
    );
    // Oldest first is nearly sorted, which sorting makes use of.
    events.reverse().sort((a, b) => compareHeldEvents(partitions, a, b));
    return this.#windows.scan({
      events,
      scannedTo: this.#log.mark(row),
      carried,
      memory: remembered?.memory ?? null,
      clock: clock.value,
      latenessMs,
      evidence: this.#evidence,
      row,
    });
  }

  readonly #evidence = (event: HeldEvent): Evidence => ({
    name: nameOf(this.#facts.partitions, event),
    position: event.position,
  });

  /** What glances are given: there are many, and none is kept. */
  readonly #glanced: { -readonly [Name in keyof GlanceInput]: GlanceInput[Name] };

  /** Compares what is true now with what was shown, and tells the difference. */
  #show(row: number, live: Live, scan: Scan): void {
    if (scan.candidates.length > 0 || live.results.size > 0 || scan.failures.length > 0)
      this.#showResults(row, live, scan);
    if (this.#facts.isParked()) return;
    this.#showAlerts(row, live, scan);
    this.#holdRow(row, live, scan);
  }

  #showResults(row: number, live: Live, scan: Scan): void {
    const { output, givesFrom } = this.#facts;
    let key: readonly string[] | null = null;
    const look = ++this.#looks;
    for (const candidate of scan.candidates) {
      const final = this.#isFinal(settledAt(candidate));
      if (this.#isOfAnother(live, candidate)) continue;
      const waits = !this.#windows.isEarly || candidate.isAbsence === true;
      if (!final && waits && candidate.end > this.#facts.clock.value) continue;
      const told = givesFrom > -Infinity ? undefined : candidate.told;
      if (told !== undefined && !final) {
        for (const { result } of told) {
          const shown = live.results.get(result.id);
          if (shown !== undefined) shown.look = look;
        }
        continue;
      }
      key ??= this.#log.readKey(row, keyTextsOf);
      const changes = told?.length ? told : this.#maker.changesOf(key, candidate, final);
      if (this.#facts.isParked()) {
        this.#forgetEnded(live);
        return;
      }
      for (const change of changes) {
        if (live.handedOn?.has(change.result.id)) continue;
        if (givesFrom > -Infinity && live.results.get(change.result.id) === undefined)
          this.#takeOver(row, live, change.result.id);
        this.#tell(live, change, candidate.trigger, final);
      }
      candidate.told = changes;
    }
    for (const shown of live.results.values())
      if (shown.look !== look) this.#withdraw(row, live, shown);
    this.#forgetEnded(live);
    for (const { error, end, event } of scan.failures)
      if (this.#isFinal(end)) output.failed('HAVING', error, this.#evidence(event));
  }

  #isFinal(end: number): boolean {
    const { clock, latenessMs } = this.#facts;
    return this.#windows.isFinal(end, clock.value, latenessMs);
  }

  #withdraw(row: number, live: Live, { change, trigger, revision }: LiveResult): void {
    const { output, givesFrom } = this.#facts;
    const { result } = change;
    live.results.delete(result.id);
    live.alerts.remove(result.id);
    const before = { result, trigger };
    output.result({ ...change, change: 'withdraw', revision: revision + 1 }, trigger, before);
    if (givesFrom > -Infinity) this.#facts.before()?.handBack(this.#log.key(row), result.id);
  }

  #forgetEnded(live: Live): void {
    for (const id of this.#ended) live.results.delete(id);
    this.#ended.length = 0;
  }

  /** Results belong to the version of their last event. */
  #isOfAnother(live: Live, candidate: Candidate): boolean {
    const lastAt = lastAtOf(candidate);
    if (lastAt < this.#facts.givesFrom) return true;
    // A window that is judged at its end, and has events of the version after.
    return !this.#windows.isEarly && live.claimedAt < candidate.end;
  }

  #takeOver(row: number, live: Live, id: string): void {
    const before = this.#facts.before();
    const shown = before === null ? null : before.#handOn(this.#log.key(row), id);
    if (shown !== null) live.results.set(shown);
  }

  /** Ids that became final in this look: kept until withdrawals were told apart. */
  readonly #ended: string[] = [];
  #looks = 0;

  #tell(live: Live, { result, positions }: ResultChange, trigger: Evidence, final: boolean): void {
    const shown = live.results.get(result.id);
    if (this.#facts.alert !== null) live.alerts.put(memberOf(result, final));
    if (!final && shown !== undefined && isSameResult(shown.change.result, result)) {
      shown.look = this.#looks;
      return;
    }
    const revision = (shown?.revision ?? 0) + 1;
    const change = final ? 'final' : shown === undefined ? 'open' : 'amend';
    const told: ResultChange = { change, revision, result, positions };
    const before =
      shown === undefined ? null : { result: shown.change.result, trigger: shown.trigger };
    this.#facts.output.result(told, trigger, before);
    // Another match of the same name, in the same look, goes on from it.
    live.results.set({ id: result.id, revision, change: told, trigger, look: this.#looks });
    if (final) this.#ended.push(result.id);
  }

  #showAlerts(row: number, live: Live, scan: Scan): void {
    if (this.#facts.alert === null || live.alerts.isEmpty) return;
    this.#alerts.tell(row, live.alerts, this.#oldestNeeded(row, scan));
  }

  #holdRow(row: number, live: Live, scan: Scan): void {
    const { holdsAlerts } = this.#facts;
    if (this.#holdsLevel === 'no' && !holdsAlerts) return;
    const oldest = this.#oldestNeeded(row, scan);
    let level = this.#holdsUnknown ? oldest : Infinity;
    for (const { change } of live.results.values()) level = Math.min(level, change.result.at);
    this.#hold(row, level, oldest);
  }

  /** No result of the row that is not known yet begins before it. */
  #oldestNeeded(row: number, scan: Scan): number {
    const { clock, latenessMs } = this.#facts;
    // A result to come begins with an event that is still held, or with one that is still to come.
    let oldestNeeded = Math.min(clock.value - latenessMs, scan.oldestAt ?? Infinity);
    if (scan.oldestAt === undefined)
      this.#log.forEach(row, (bytes, start) => {
        const at = atOf(bytes, start);
        if (at >= scan.keepFrom && at < oldestNeeded) oldestNeeded = at;
      });
    // Nor with one of a window that is not shown yet, or of a run whose events were let go.
    for (const candidate of scan.candidates)
      if (!this.#windows.isFinal(settledAt(candidate), clock.value, latenessMs))
        oldestNeeded = Math.min(oldestNeeded, candidate.start);
    if (scan.carried !== null && 'start' in scan.carried)
      oldestNeeded = Math.min(oldestNeeded, scan.carried.start);
    return oldestNeeded;
  }

  /** Lets go what is not needed any more, and sets the timer for the next look. */
  #settleRow(row: number, live: Live, scan: Scan): void {
    const { clock, latenessMs } = this.#facts;
    this.#log.setMark(row, Math.max(this.#log.mark(row), clock.value - latenessMs));
    if (scan.keepFrom > -Infinity) letGo(this.#log, row, (at) => at < scan.keepFrom);
    live.carried = scan.carried;
    if (this.#log.count(row) === 0 && live.carried === null) {
      live.handedOn = null;
      live.claimedAt = Infinity;
    }
    live.quietTo = scan.oldestAt === undefined ? -Infinity : scan.due;
    if (isQuiet(live)) {
      this.#live.delete(row);
      if (this.#log.count(row) === 0) return this.#removeRow(row);
    } else this.#live.set(row, live);
    this.#setTimer(row, this.#dueOf(row, live, scan));
  }

  #setTimer(row: number, due: number): void {
    const { clock } = this.#facts;
    this.#log.timers.set(row, due <= clock.value ? nextAfter(clock.value) : due);
  }

  #dueOf(row: number, live: Live, scan: Scan): number {
    const { clock, latenessMs } = this.#facts;
    let alertsDue = this.#alerts.due(live.alerts);
    // An alert also waits for events that are held: they are let go in time.
    if (scan.oldestAt !== undefined && alertsDue <= clock.value)
      alertsDue = this.#windows.forgetAt(scan.oldestAt, latenessMs);
    let due = Math.min(scan.due, alertsDue);
    if (scan.oldestAt === undefined)
      this.#log.forEach(row, (bytes, start) => {
        const forgetAt = this.#windows.forgetAt(atOf(bytes, start), latenessMs);
        if (forgetAt > clock.value && forgetAt < due) due = forgetAt;
      });
    return due;
  }

  /** Rows that are to be stored: all, or those that changed since this was asked last. */
  rowsToStore(isFull: boolean): Iterable<number> {
    const changed = this.#facts.chunks?.takeChanged();
    if (isFull || changed === undefined) return this.#log.rows();
    return changed.filter((row) => this.#log.has(row));
  }

  keyOf(row: number): Uint8Array {
    return this.#log.key(row);
  }

  writeRow(row: number, writer: ByteWriter): void {
    writeRow(writer, row, this.#log, this.#facts.partitions, {
      // A row that has not been looked at since its last event is looked at first thing after a restore.
      due: this.#touched.has(row) ? -Infinity : this.#log.timers.due(row),
      live: liveToJson(this.#live.get(row)),
      levelHold: this.#levelHolds.due(row),
      alertHold: this.#alertHolds.due(row),
    });
  }

  /** Takes in one row that `writeRow` wrote; gives its number. */
  restoreRow(reader: ByteReader): number {
    const { row, due, live, levelHold, alertHold } = readRow(
      reader,
      this.#log,
      this.#facts.partitions,
    );
    if (live !== null) this.#live.set(row, liveFromJson(live));
    this.#log.timers.set(row, due);
    this.#hold(row, levelHold, alertHold);
    return row;
  }
}

/** The next clock value at which anything could differ: clocks are whole milliseconds. */
const nextAfter = (clock: number): number => (Number.isFinite(clock) ? clock + 1 : Infinity);
