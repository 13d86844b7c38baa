// Promises of this file (held by supervisor.test.ts with kill -9):
//   S1  What a frame caused is handed on once, whole, when its `done` is here; never in part, never again.
//   S2  An engine process that ends unasked is replaced, and what it had is given to the new one: the results are those
//       of an undisturbed run.
//   S3  A rule at which the engine process ends is parked, and that is on disk before another process is started.
import { spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { decodeFrame, encodeFrame, FrameReader } from '@weir/core/frames-codec.ts';
import type {
  Change,
  Counts,
  EditFrame,
  FrameFromEngine,
  FrameToEngine,
  Park,
  ParkFrame,
  ParkLimit,
} from '@weir/core';
import { culpritOf, parkOf, type Culprit, type EndOfProcess } from './culprit.ts';
import { argumentsOf, type EngineLimits } from './engine-arguments.ts';
import { LastWords, type LastWord } from './last-words.ts';
import { Ledger, type Entry } from './ledger.ts';
import { nextCheckpoint } from './next-checkpoint.ts';
import { Recording } from './recording.ts';

export interface SupervisorOptions {
  /** Rules, sources and lists, in the order in which the engine gets them. */
  readonly changes: readonly Change[];
  /** Results, alerts, what was set aside, errors; and with each `done` the counts. */
  readonly onFrame: (frame: FrameFromEngine) => void;
  /** What people should know: restarts. */
  readonly onNotice: (text: string) => void;
  /** Frames that may be on their way at a time. */
  readonly window?: number;
  /** The module that the engine process runs. Tests load something that watches its realm before the engine. */
  readonly engine?: string;
  /** What the engine process may take before it, or the rule that it runs, is stopped. */
  readonly limits?: Partial<EngineLimits>;
  /** How willingly the engine process stands back for others: 0 to 19. */
  readonly niceness?: number;
  /** Where the engine begins: at a checkpoint of another one, after these edits. */
  readonly begin?: { readonly checkpoint: string | null; readonly edits: readonly PastEdit[] };
  /** Rules that are left out from a place on, or from the beginning. */
  readonly parks?: readonly ParkFrame[];
  /** What is sent is a recording's already: `send` says which frame. */
  readonly recording?: Recording;
  /** What a recording may take on disk. */
  readonly recordingMaxBytes?: number;
}

/** What a restart has to be told before a checkpoint is restored. */
export type PastEdit = EditFrame | { readonly type: 'refilled' };

/** A place in a recording from which an engine can be given again what this one was given. */
export interface RecordedPoint {
  readonly recording: Recording;
  /** State before frame `from`; null: there was nothing before it. */
  readonly checkpoint: string | null;
  readonly edits: readonly PastEdit[];
  readonly from: number;
  /** What the frames before this one caused has been handed on. */
  readonly to: number;
}

/** The engine could not go on. */
export class EngineFailed extends Error {}

/** A frame at which the engine dies so often will kill it again. */
const ATTEMPTS_MAX = 3;
const WINDOW = 3;
/** Limits that a clock decides: a replay has to be told. */
const CLOCKED: ReadonlySet<ParkLimit> = new Set(['cpu', 'cpu share']);

/** Runs an engine process and keeps it running: start, restart from the last checkpoint, and an end in order. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-'));
  readonly #ledger = new Ledger(this.#folder);
  #process: ChildProcess | null = null;
  #held: FrameFromEngine[] = [];
  /** Entries of the ledger that this process has done. */
  #done = 0;
  #failure: Error | null = null;
  #isClosing = false;
  #recovering: Promise<void> | null = null;
  #wake: (() => void)[] = [];
  /** Edits that the last checkpoint was made after. */
  readonly #edits: PastEdit[] = [];
  #recording: Recording | null = null;
  #attempts = 0;
  #failedAt: Entry | null = null;
  #fault = '';
  #closed: Promise<void> = Promise.resolve();
  /** Places at which a clock has parked rules. */
  readonly #kept = new Set<string>();
  /** Parks that are only for a process after this one. */
  readonly #unseen = new Set<Entry>();
  /** Entries that this process has done and that a checkpoint has made needless. */
  #forgotten = 0;
  /** Rule ids by index, as the engine told them last. */
  #rules: readonly string[] = [];
  #culprit: Culprit | null = null;
  #lastWord: LastWord | null = null;
  /** Where the process ended and nobody could be named: there the next one says what it calls. */
  #probed: Entry | null = null;
  #hasCheckpoint = false;
  #sentBytes = 0;
  #checkpoint = { atBytes: 0, atMs: 0, tookMs: 0, beganMs: 0 };

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { begin } = options;
    this.#recording = options.recording ?? null;
    if (begin === undefined) return;
    this.#edits.push(...begin.edits);
    if (begin.checkpoint === null) return;
    linkSync(begin.checkpoint, this.#checkpointFile);
    this.#hasCheckpoint = true;
  }

  /** Process id of the engine, for those who watch it. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async start(): Promise<void> {
    this.#checkpoint.atMs = performance.now();
    await this.#spawn();
  }

  /**
   * Sends a frame that owes a `done`; waits while too many are on their way. `again` reads the frame anew after a
   * restart; null: it is spooled.
   */
  async send(
    frame: FrameToEngine,
    again: (() => Promise<FrameToEngine>) | null = null,
    recordedAs: number | null = null,
  ): Promise<void> {
    await this.#room(this.#options.window ?? WINDOW);
    await this.#sendNow(frame, again, recordedAs);
    if (frame.type !== 'batch') return;
    const now = performance.now();
    const { atBytes, atMs, tookMs } = this.#checkpoint;
    if (nextCheckpoint({ bytes: this.#sentBytes - atBytes, sinceMs: now - atMs, tookMs })) {
      this.#checkpoint = { atBytes: this.#sentBytes, atMs: now, tookMs, beganMs: now };
      await this.#sendNow({ type: 'snapshot' }, null);
    }
  }

  async #sendNow(
    frame: FrameToEngine,
    again: (() => Promise<FrameToEngine>) | null,
    recordedAs: number | null = null,
  ): Promise<void> {
    // Nothing may overtake what a new process is being given again.
    while (this.#recovering !== null) await this.#recovering;
    const bytes = encodeFrame(frame);
    this.#sentBytes += bytes.length;
    const entry = this.#ledger.add(frame, bytes, again);
    this.#busySince ??= performance.now();
    if (recordedAs !== null) entry.recordedAs = recordedAs;
    else this.#record(entry, bytes);
    await this.#write(bytes);
  }

  /**
   * From now on what is sent is recorded, with what was sent since the last checkpoint. The point's `to` is the frame
   * whose outcome is being handed on, or the next one that will be sent if nothing is on its way.
   */
  recordHere(): RecordedPoint {
    const recording = (this.#recording ??= new Recording(
      this.#folder,
      this.#options.recordingMaxBytes,
    ));
    const { entries } = this.#ledger;
    for (const entry of entries)
      if (entry.recordedAs === null)
        this.#record(entry, entry.isOfInput ? null : (entry.again() as Uint8Array));
    const checkpoint = this.#hasCheckpoint ? recording.newFile('checkpoint') : null;
    // A checkpoint's file is replaced, never written to: another name for it is enough.
    if (checkpoint !== null) linkSync(this.#checkpointFile, checkpoint);
    const kept = entries.filter(({ recordedAs }) => recordedAs !== null);
    const current =
      this.#handingOn ?? entries.slice(this.#done).find(({ recordedAs }) => recordedAs !== null);
    return {
      recording,
      checkpoint,
      edits: [...this.#edits],
      from: kept[0]?.recordedAs ?? recording.end,
      to: current?.recordedAs ?? recording.end,
    };
  }

  #record(entry: Entry, bytes: Uint8Array | null): void {
    if (this.#recording === null || this.#options.recording !== undefined) return;
    if (entry.isSnapshot || this.#recording.isGivenUp) return;
    entry.recordedAs = this.#recording.end;
    const again = async (): Promise<Uint8Array> => entry.again();
    this.#recording.add(entry.isOfInput ? again : bytes!);
  }

  #busySince: number | null = null;
  #busyMs = 0;

  #rests(): void {
    if (this.#busySince !== null) this.#busyMs += performance.now() - this.#busySince;
    this.#busySince = null;
  }

  /** How long there was something to do, ms. */
  get busyMs(): number {
    const now = this.#busySince === null ? 0 : performance.now() - this.#busySince;
    return this.#busyMs + now;
  }

  /** The first frame of the recording that a restart would send again; null: none. */
  get keptFrom(): number | null {
    return this.#ledger.entries.find(({ recordedAs }) => recordedAs !== null)?.recordedAs ?? null;
  }

  /** All that was sent is done and handed on. */
  async settled(): Promise<void> {
    await this.#room(1);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const child = this.#process;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin?.end(encodeFrame({ type: 'close' }));
      const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
      await ended;
      clearTimeout(timer);
    }
    this.#ledger.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** At once, whatever is on its way. */
  abandon(): void {
    this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Ends the process; who waits for it is told. */
  kill(): void {
    this.#isClosing = true;
    this.#process?.kill('SIGKILL');
    this.#fail(new EngineFailed('the engine was stopped'));
  }

  async #room(owed: number): Promise<void> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      if (this.#recovering !== null) await this.#recovering;
      else if (this.#ledger.entries.length - this.#done < owed) return;
      else await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const stdin = this.#process?.stdin;
    if (!stdin || stdin.destroyed || stdin.write(bytes)) return;
    const child = this.#process!;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        stdin.off('drain', go);
        child.off('exit', go);
        resolve();
      };
      stdin.once('drain', go);
      child.once('exit', go);
    });
  }

  // ---- the process -----------------------------------------------------------------------------------------------

  async #spawn(): Promise<void> {
    const { niceness, engine = null, limits = {} } = this.#options;
    const child = spawn(process.execPath, argumentsOf(engine, limits), {
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
      env: {},
    });
    // A process that cannot stand back still does its work.
    if (niceness !== undefined && child.pid !== undefined) standBack(child.pid, niceness);
    this.#process = child;
    this.#done = 0;
    this.#held = [];
    this.#fault = '';
    this.#forgotten = 0;
    this.#unseen.clear();
    const reader = new FrameReader();
    child.stdin!.on('error', () => {
      // The process is gone; its end is what is dealt with.
    });
    const words = new LastWords();
    (child.stdio[3] as Readable)
      .setEncoding('utf8')
      .on('data', (piece: string) => words.push(piece));
    // Only when its pipes are read to their end is it known what it had done.
    this.#closed = new Promise<void>((resolve) => {
      child.once('close', (code, signal) => {
        if (this.#process === child) this.#ended({ code, signal, word: words.last });
        resolve();
      });
    });
    const ready = new Promise<boolean>((resolve) => {
      child.once('exit', () => resolve(false));
      child.stdout!.on('data', (piece: Buffer) => {
        if (this.#process !== child) return;
        for (const frame of reader.push(piece) as FrameFromEngine[]) {
          if (frame.type === 'ready') resolve(true);
          else this.#take(frame);
        }
      });
    });
    child.once('error', (error) =>
      this.#fail(new EngineFailed(`the engine process could not be started: ${error.message}`)),
    );
    await this.#write(encodeFrame({ type: 'open', from: 0, to: 128 }));
    for (const change of this.#options.changes)
      await this.#write(encodeFrame({ type: 'change', change }));
    for (const park of this.#options.parks ?? []) await this.#write(encodeFrame(park));
    for (const edit of this.#edits) await this.#write(encodeFrame(edit));
    if (this.#hasCheckpoint) await this.#restore();
    await ready;
  }

  #take(frame: FrameFromEngine): void {
    if (frame.type === 'fault') {
      this.#fault = frame.message;
      return;
    }
    if (frame.type === 'edited') {
      const edit = this.#ledger.entries[this.#done];
      if (edit !== undefined) edit.activeFrom = frame.activeFrom;
    }
    if (frame.type !== 'done') {
      this.#held.push(frame);
      return;
    }
    this.#rules = frame.counts.rules.map(({ rule }) => rule);
    const entry = this.#ledger.entries[this.#done++]!;
    const held = this.#held;
    this.#held = [];
    this.#keepParks(entry, held);
    if (entry.isSnapshot) this.#commit(entry, held);
    else if (!entry.delivered) this.#deliver(entry, held, frame.counts);
    if (this.#done === this.#ledger.entries.length) this.#rests();
    this.#wakeAll();
  }

  /** The frame whose outcome is being handed on. */
  #handingOn: Entry | null = null;

  #deliver(entry: Entry, held: readonly FrameFromEngine[], counts: Counts): void {
    entry.delivered = true;
    this.#handingOn = entry;
    for (const frame of held) this.#options.onFrame(frame);
    // Who counts frames has not sent it.
    if (!entry.isInserted) this.#options.onFrame({ type: 'done', counts });
    this.#handingOn = null;
  }

  /** A replay must park at the same places what the machine's clocks have parked now. */
  #keepParks(entry: Entry, held: readonly FrameFromEngine[]): void {
    // A replay says again what it was told.
    if (entry.isInserted) return;
    for (const frame of held) {
      if (frame.type !== 'parked') continue;
      const parks = frame.parks.filter(
        (park) => CLOCKED.has(park.reason.limit) && !this.#isKept(park),
      );
      for (const { rule, reason, clause, from } of parks) {
        const park: ParkFrame = { type: 'park', rules: [rule], reason, from };
        const frame = clause === null ? park : { ...park, clause };
        this.#unseen.add(this.#ledger.insertBefore(entry, frame, true));
        this.#done++;
      }
      // What the frame gave was handed on before, when the machine was quicker.
      if (entry.delivered && parks.length > 0) this.#options.onFrame({ type: 'parked', parks });
    }
  }

  /** Is a replay told of it already? From now on it is. What has no place is told by a frame of its own. */
  #isKept({ rule, version, from }: Park): boolean {
    if (from === null) return false;
    const name = JSON.stringify([rule, version, from]);
    if (this.#kept.has(name)) return true;
    this.#kept.add(name);
    return false;
  }

  /** The state of a snapshot takes the place of the one before, and what led to it is forgotten. */
  #commit(entry: Entry, held: readonly FrameFromEngine[]): void {
    const file = this.#checkpointFile;
    writeFileSync(
      `${file}.new`,
      Buffer.concat(held.filter(({ type }) => type === 'state').map(encodeFrame)),
      { mode: 0o600 },
    );
    renameSync(`${file}.new`, file);
    this.#hasCheckpoint = true;
    const before = this.#ledger.entries.slice(0, this.#ledger.entries.indexOf(entry));
    for (const { edit, activeFrom } of before)
      if (edit !== null) this.#edits.push(edit.type === 'edit' ? { ...edit, activeFrom } : edit);
    const count = before.length + 1;
    this.#done -= count;
    this.#forgotten += this.#seen(before).length + 1;
    this.#ledger.forgetUpTo(entry);
    this.#checkpoint.tookMs = performance.now() - this.#checkpoint.beganMs;
  }

  get #checkpointFile(): string {
    return join(this.#folder, 'checkpoint');
  }

  async #restore(): Promise<void> {
    const bytes = readFileSync(this.#checkpointFile);
    for (let at = 0; at < bytes.length;) {
      const length = bytes.readUInt32LE(at);
      const state = decodeFrame(new Uint8Array(bytes.subarray(at + 4, at + 4 + length)));
      if (state.type === 'state') await this.#write(encodeFrame({ ...state, type: 'restore' }));
      at += 4 + length;
    }
  }

  // ---- when it ends unasked --------------------------------------------------------------------------------------

  #ended(end: EndOfProcess): void {
    if (this.#isClosing || this.#failure !== null) return;
    this.#culprit = culpritOf(end, this.#lastWord, this.#rules);
    this.#lastWord = end.word;
    this.#probed = this.#culprit === null ? (this.#ledger.entries[this.#done] ?? null) : null;
    const why = this.#whyOf(end);
    const at = this.#ledger.entries.find(({ delivered }) => !delivered) ?? null;
    this.#attempts = at === this.#failedAt ? this.#attempts + 1 : 1;
    this.#failedAt = at;
    // It will not happen there again.
    if (this.#culprit !== null) this.#attempts = 0;
    if (this.#attempts >= ATTEMPTS_MAX)
      return this.#fail(
        new EngineFailed(
          `the engine process ended ${this.#attempts} times at the same records (${why}); what was found before them has been given`,
        ),
      );
    const from = this.#hasCheckpoint ? 'the last checkpoint' : 'the beginning';
    this.#options.onNotice(
      `the engine process ended (${why}); it is started again from ${from}, no result is lost or given twice`,
    );
    this.#recovering ??= this.#recover();
  }

  #whyOf({ code, signal }: EndOfProcess): string {
    if (this.#culprit !== null)
      return `the rule ${JSON.stringify(this.#culprit.rule)}: ${this.#culprit.reason.message}`;
    if (this.#fault !== '') return `a fault: ${this.#fault.split('\n')[0]}`;
    return signal !== null ? `signal ${signal}` : `exit code ${code}`;
  }

  /** Entries as the process counts them. */
  #seen(entries: readonly Entry[]): readonly Entry[] {
    return entries.filter((entry) => !this.#unseen.has(entry));
  }

  /** Parks the rule before the frame at which the process ended, and writes that down, on disk, before anything else. */
  async #parkCulprit(culprit: Culprit): Promise<void> {
    const entry = this.#seen(this.#ledger.entries)[culprit.frame - this.#forgotten];
    if (entry === undefined) return;
    const park = parkOf(culprit, await entry.again());
    const file = openSync(join(this.#folder, 'parks'), 'a', 0o600);
    writeSync(file, `${JSON.stringify(park)}\n`);
    fsyncSync(file);
    closeSync(file);
    this.#ledger.insertBefore(entry, park, false);
  }

  async #recover(): Promise<void> {
    // Once around even if the new process ends while it is being fed.
    await Promise.resolve();
    try {
      if (this.#culprit !== null) await this.#parkCulprit(this.#culprit);
      this.#culprit = null;
      const probed = this.#probed;
      await this.#spawn();
      const child = this.#process;
      for (const entry of [...this.#ledger.entries]) {
        if (this.#process !== child || child?.exitCode !== null || child?.signalCode !== null)
          break;
        if (entry === probed) await this.#write(encodeFrame({ type: 'probe' }));
        await this.#write(await entry.again());
      }
    } catch (error) {
      this.#fail(
        error instanceof Error ? error : new EngineFailed('the engine could not be restarted'),
      );
    }
    const child = this.#process;
    const hasEnded = child === null || child.exitCode !== null || child.signalCode !== null;
    // Why it ended is known before the next one is started.
    if (hasEnded) await this.#closed;
    this.#recovering = null;
    if (this.#failure === null && hasEnded) this.#recovering = this.#recover();
    this.#wakeAll();
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#wakeAll();
  }
}

function standBack(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // It has ended already, or the system has no such thing.
  }
}
