// Promises of this file (held by supervisor.test.ts with kill -9):
//   S1  What a frame caused is handed on once, whole, when its `done` is here; never in part, never again.
//   S2  An engine process that ends unasked is replaced, and what it had is given to the new one: the results are those
//       of an undisturbed run.
import { spawn, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeFrame, encodeFrame, FrameReader } from '@weir/core/frames-codec.ts';
import type { Change, Counts, EditFrame, FrameFromEngine, FrameToEngine } from '@weir/core';
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
  /** How willingly the engine process stands back for others: 0 to 19. */
  readonly niceness?: number;
  /** Where the engine begins: at a checkpoint of another one, after these edits. */
  readonly begin?: { readonly checkpoint: string | null; readonly edits: readonly PastEdit[] };
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
  /** What frames before this one caused has been handed on. */
  readonly to: number;
}

/** The engine could not go on. */
export class EngineFailed extends Error {}

const FLAGS = ['--disallow-code-generation-from-strings'];
const ENGINE = fileURLToPath(new URL('./engine-process.ts', import.meta.url));
/** A frame at which the engine dies so often will kill it again. */
const ATTEMPTS_MAX = 3;
const WINDOW = 3;

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
  #points = 0;
  #attempts = 0;
  #failedAt: Entry | null = null;
  #fault = '';
  #hasCheckpoint = false;
  #sentBytes = 0;
  #checkpoint = { atBytes: 0, atMs: 0, tookMs: 0, beganMs: 0 };

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { begin } = options;
    if (begin === undefined) return;
    this.#edits.push(...begin.edits);
    if (begin.checkpoint === null) return;
    copyFileSync(begin.checkpoint, this.#checkpointFile);
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
  ): Promise<void> {
    await this.#room(this.#options.window ?? WINDOW);
    await this.#sendNow(frame, again);
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
  ): Promise<void> {
    // Nothing may overtake what a new process is being given again.
    while (this.#recovering !== null) await this.#recovering;
    const bytes = encodeFrame(frame);
    this.#sentBytes += bytes.length;
    const entry = this.#ledger.add(frame, bytes, again);
    this.#record(entry, bytes);
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
    const checkpoint = this.#hasCheckpoint ? `${this.#checkpointFile}-${this.#points++}` : null;
    // A checkpoint's file is replaced, never written to: its name is enough.
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
    if (this.#recording === null || entry.isSnapshot || this.#recording.isGivenUp) return;
    entry.recordedAs = this.#recording.end;
    const again = async (): Promise<Uint8Array> => entry.again();
    this.#recording.add(entry.isOfInput ? again : bytes!);
  }

  /** Frames sent that a restart would send again. */
  get kept(): number {
    return this.#ledger.entries.length;
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
    this.#isClosing = true;
    this.#process?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
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
    const child = spawn(process.execPath, [...FLAGS, this.#options.engine ?? ENGINE], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {},
    });
    const { niceness } = this.#options;
    // A process that cannot stand back still does its work.
    if (niceness !== undefined && child.pid !== undefined) standBack(child.pid, niceness);
    this.#process = child;
    this.#done = 0;
    this.#held = [];
    this.#fault = '';
    const reader = new FrameReader();
    child.stdin.on('error', () => {
      // The process is gone; its end is what is dealt with.
    });
    const ready = new Promise<boolean>((resolve) => {
      child.once('exit', (code, signal) => {
        resolve(false);
        if (this.#process === child) this.#ended(code, signal);
      });
      child.stdout.on('data', (piece: Buffer) => {
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
    const entry = this.#ledger.entries[this.#done++]!;
    const held = this.#held;
    this.#held = [];
    if (entry.isSnapshot) this.#commit(entry, held);
    else if (!entry.delivered) this.#deliver(entry, held, frame.counts);
    this.#wakeAll();
  }

  /** The frame whose outcome is being handed on. */
  #handingOn: Entry | null = null;

  #deliver(entry: Entry, held: readonly FrameFromEngine[], counts: Counts): void {
    entry.delivered = true;
    this.#handingOn = entry;
    for (const frame of held) this.#options.onFrame(frame);
    this.#options.onFrame({ type: 'done', counts });
    this.#handingOn = null;
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
    this.#done -= this.#ledger.entries.indexOf(entry) + 1;
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

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#isClosing || this.#failure !== null) return;
    const why =
      this.#fault !== ''
        ? `a fault: ${this.#fault.split('\n')[0]}`
        : signal !== null
          ? `signal ${signal}`
          : `exit code ${code}`;
    const at = this.#ledger.entries.find(({ delivered }) => !delivered) ?? null;
    this.#attempts = at === this.#failedAt ? this.#attempts + 1 : 1;
    this.#failedAt = at;
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

  async #recover(): Promise<void> {
    // Once around even if the new process ends while it is being fed.
    await Promise.resolve();
    try {
      await this.#spawn();
      const child = this.#process;
      for (const entry of [...this.#ledger.entries]) {
        if (this.#process !== child || child?.exitCode !== null || child?.signalCode !== null)
          break;
        await this.#write(await entry.again());
      }
    } catch (error) {
      this.#fail(
        error instanceof Error ? error : new EngineFailed('the engine could not be restarted'),
      );
    }
    this.#recovering = null;
    const child = this.#process;
    if (
      this.#failure === null &&
      (child === null || child.exitCode !== null || child.signalCode !== null)
    )
      this.#recovering = this.#recover();
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
