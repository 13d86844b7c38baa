import { createWriteStream, type WriteStream } from 'node:fs';
import type {
  AlertChange,
  Counts,
  FrameFromEngine,
  ResultChange,
  RuleError,
  SetAside,
} from '@weir/core';

/** More results than anybody reads at a terminal: the rest is counted. */
const SHOWN_MAX = 500;
const REPORTED_MAX = 20;

/** Takes what the engine says: writes it as JSON lines, or keeps what will be shown at the end. */
export class RunOutput {
  readonly #isJson: boolean;
  readonly #finalOnly: boolean;
  readonly #to: {
    write(text: string): boolean;
    end(): void;
    once(event: 'drain', go: () => void): unknown;
  };
  /** Newest change of each result, by id. */
  readonly results = new Map<string, ResultChange>();
  readonly alerts = new Map<string, AlertChange>();
  unshown = 0;
  finals = 0;
  alertCount = 0;
  readonly setAside: SetAside[] = [];
  setAsideCount = 0;
  readonly errors: RuleError[] = [];
  errorCount = 0;
  counts: Counts | null = null;
  readonly #filesOf: (rule: string) => readonly string[];
  readonly #files = new Map<string, WriteStream>();

  constructor(options: {
    readonly isJson: boolean;
    readonly finalOnly: boolean;
    readonly out: string | undefined;
    /** Files that a rule's results go to besides. */
    readonly filesOf?: (rule: string) => readonly string[];
  }) {
    this.#filesOf = options.filesOf ?? (() => []);
    this.#isJson = options.isJson || options.out !== undefined;
    this.#finalOnly = options.finalOnly;
    this.#to =
      options.out === undefined
        ? {
            write: (text) => process.stdout.write(text),
            end: () => {},
            once: (event, go) => process.stdout.once(event, go),
          }
        : createWriteStream(options.out);
  }

  take(frame: FrameFromEngine): void {
    switch (frame.type) {
      case 'results':
        frame.changes.forEach((change) => this.#result(change));
        return;
      case 'alerts':
        frame.changes.forEach((change) => this.#alert(change));
        return;
      case 'set-aside':
        frame.records.forEach((record) => this.takeSetAside(record));
        return;
      case 'errors':
        this.errorCount += frame.errors.length;
        for (const error of frame.errors) {
          if (this.errors.length < REPORTED_MAX) this.errors.push(error);
          this.#line({ kind: 'error', ...error });
        }
        return;
      case 'parked':
        for (const park of frame.parks) this.#line({ kind: 'parked', ...park });
        return;
      case 'released':
        for (const rule of frame.rules) this.#line({ kind: 'released', rule });
        return;
      case 'done':
        this.counts = frame.counts;
        return;
      case 'ready':
      case 'edited':
      case 'route':
      case 'watermark':
      case 'state':
      case 'records':
      case 'fault':
        // Between the engine and its supervisor.
        return;
    }
  }

  takeSetAside(record: SetAside): void {
    const { kind, ...rest } = record;
    this.setAsideCount++;
    if (this.setAside.length < REPORTED_MAX) this.setAside.push(record);
    this.#line({ kind: 'set-aside', why: kind, ...rest });
  }

  #result(change: ResultChange): void {
    const { id } = change.result;
    if (change.change === 'final') this.finals++;
    if (!this.#finalOnly || change.change === 'final') {
      this.#line({ kind: 'result', ...change });
      this.#besides(change);
    }
    if (this.#isJson) return;
    if (change.change === 'withdraw') this.results.delete(id);
    else if (this.results.has(id) || this.results.size < SHOWN_MAX) this.results.set(id, change);
    else if (change.revision === 1) this.unshown++;
  }

  /** `OUTPUT name`: the same line, in a file of its own. */
  #besides(change: ResultChange): void {
    for (const file of this.#filesOf(change.result.rule)) {
      let to = this.#files.get(file);
      if (to === undefined) this.#files.set(file, (to = createWriteStream(file, { mode: 0o600 })));
      to.write(`${JSON.stringify({ kind: 'result', ...change })}\n`);
    }
  }

  #alert(change: AlertChange): void {
    if (change.change === 'open') this.alertCount++;
    if (!this.#finalOnly || change.change === 'final') this.#line({ ...change, kind: 'alert' });
    if (!this.#isJson) this.alerts.set(change.alert.handle, change);
  }

  #line(value: object): void {
    if (this.#isJson) this.#to.write(`${JSON.stringify(value)}\n`);
  }

  /** The last line of a run's JSON: the totals. */
  close(): void {
    if (this.counts !== null)
      this.#line({
        kind: 'totals',
        ...this.counts,
        clock: String(this.counts.clock),
        newest: String(this.counts.newest),
      });
    this.#to.end();
    for (const file of this.#files.values()) file.end();
  }
}
