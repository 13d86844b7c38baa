// Promises of this file (held by supervisor.test.ts with kill -9):
//   S1  What a frame caused is handed on once, whole, when its `done` is here; never in part, never again.
//   S2  An engine process that ends unasked is replaced, and what it had is given to the new one: the results are those
//       of an undisturbed run.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeFrame, encodeFrame, FrameReader } from '@weir/core/frames-codec.ts';
import type { Change, Counts, EditFrame, FrameFromEngine, FrameToEngine } from '@weir/core';
import { Ledger, type Entry } from './ledger.ts';
import { nextCheckpoint } from './next-checkpoint.ts';

export interface SupervisorOptions {
  /** Rules, sources and lists, in the order in which the engine gets them. */
  readonly changes: readonly Change[];
  /** Results, alerts, what was set aside, errors; and with each `done` the counts. */
  readonly onFrame: (frame: FrameFromEngine) => void;
  /** What people should know: restarts. */
  readonly onNotice: (text: string) => void;
  /** Frames that may be on their way at a time. */
  readonly window?: number;
}

/** The engine could not go on. */
export class EngineFailed extends Error {}

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
  readonly #edits: (EditFrame | { readonly type: 'refilled' })[] = [];
  #attempts = 0;
  #failedAt: Entry | null = null;
  #fault = '';
  #hasCheckpoint = false;
  #sentBytes = 0;
  #checkpoint = { atBytes: 0, atMs: 0, tookMs: 0, beganMs: 0 };

  constructor(options: SupervisorOptions) {
    this.#options = options;
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
    this.#ledger.add(frame, bytes, again);
    await this.#write(bytes);
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
    const child = spawn(process.execPath, ['--disallow-code-generation-from-strings', ENGINE], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {},
    });
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

  #deliver(entry: Entry, held: readonly FrameFromEngine[], counts: Counts): void {
    entry.delivered = true;
    for (const frame of held) this.#options.onFrame(frame);
    this.#options.onFrame({ type: 'done', counts });
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
