import { sideBySide, type NextBatch } from '@weir/connectors';
import type {
  Counts,
  EditedFrame,
  EventName,
  FrameFromEngine,
  FrameToEngine,
  LimitsPlan,
  ParkPlace,
  Plan,
} from '@weir/core';
import { EngineFailed, Supervisor, type Refill } from '@weir/runtime';
import { closingTable } from './closing-table.ts';
import { placeText, readRecords } from './evidence.ts';
import { EXIT, Failure } from './failure.ts';
import { changesOf, diagnosticsText, errorsOf, load, type Loaded } from './load.ts';
import { count, paintFor, shown } from './paint.ts';
import { Progress } from './progress.ts';
import { resultText, type ReadField } from './result-text.ts';
import { valueAtPath } from '@weir/core/plan/path-value.ts';
import { valueThrough } from '@weir/core/plan/view-value.ts';
import {
  firstNumberOf,
  inputsOf,
  nameText,
  recordedFrames,
  type Input,
  type ReadTo,
} from './run-inputs.ts';
import { RunOutput } from './run-output.ts';
import { RuleParks } from './parks/rule-parks.ts';
import { costsOf, topTable, type RuleCost } from './top.ts';
import { watchRules } from './watch-rules.ts';
import { isoTime } from '@weir/core/plan/civil.ts';

export interface RunOptions {
  readonly rules: readonly string[];
  readonly config?: string;
  readonly pipeline?: readonly string[];
  readonly source?: string;
  readonly follow?: boolean;
  readonly numberFrom?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly out?: string;
  readonly final?: boolean;
  readonly parks?: string;
  readonly defer?: string;
  /** With the cost of each rule; 'only': with nothing else. */
  readonly top?: boolean | 'only';
}

/** `weir run`: streams files, or what is written to us, through rules. Gives the exit code. */
export async function run(files: readonly string[], options: RunOptions): Promise<number> {
  const loaded = load(options.rules, options);
  if (loaded.diagnostics.length > 0) process.stderr.write(errorsText(loaded));
  if (loaded.compiled.rules.length === 0) throw new Failure('no rule can be run');
  const stop = new AbortController();
  const inputs = inputsOf(files, options, loaded, stop.signal);
  const runner = new Runner(loaded, options, stop, inputs);
  const exit = await runner.run();
  return errorsOf(loaded.diagnostics).length > 0 && exit === EXIT.ok ? EXIT.errors : exit;
}

const ERRORS_SHOWN_MAX = 5;

/** What is wrong with the rules; of many only how many there are, since they would hide the results. */
function errorsText(loaded: Loaded): string {
  const errors = errorsOf(loaded.diagnostics);
  return errors.length <= ERRORS_SHOWN_MAX
    ? diagnosticsText(loaded, errors)
    : `${count(errors.length)} errors in the rules, which run without these: weir check tells them\n`;
}

/** `--defer 30`: a part of one processor. */
function shareOf(percent: string | undefined): number | null {
  if (percent === undefined) return null;
  const share = Number(percent) / 100;
  if (!(share > 0 && share <= 1))
    throw new Failure(`--defer takes a percentage of one processor, 1 to 100, not ${percent}`);
  return share;
}

const TICK_EVERY_MS = 1000;
/** Rules in the table of costs while the run goes on, and at its end. */
const LIVE_ROWS = 15;
const CLOSING_ROWS = 40;

class Runner {
  #loaded: Loaded;
  readonly #options: RunOptions;
  readonly #stop: AbortController;
  readonly #output: RunOutput;
  readonly #progress: Progress;
  readonly #paint = paintFor(process.stdout);
  readonly #supervisor: Supervisor;
  readonly #parks: RuleParks;
  readonly #inputs: readonly Input[];
  readonly #paths = new Map<string, string>();
  #bytes = 0;
  /** Records that were too long for the engine: read, and set aside. */
  #tooLong = 0;
  #failed = false;
  #beganAt = performance.now();
  /** How far each stream was read, in bytes and to which record: what an edit is given again. */
  readonly #readTo = new Map<string, ReadTo>();
  /** The same of what the engine is done with, and what it has been sent since. */
  readonly #doneTo = new Map<string, ReadTo>();
  readonly #sent: (SentBatch | null)[] = [];

  constructor(
    loaded: Loaded,
    options: RunOptions,
    stop: AbortController,
    inputs: readonly Input[],
  ) {
    this.#loaded = loaded;
    this.#options = options;
    this.#stop = stop;
    this.#inputs = inputs;
    this.#output = new RunOutput({
      isJson: options.json === true && options.top !== 'only',
      finalOnly: options.final === true,
      out: options.out,
      filesOf: (rule) => this.#filesOf(rule),
    });
    this.#progress = new Progress(true);
    const changes = changesOf(loaded);
    this.#parks = new RuleParks({
      changes,
      plan: loaded.compiled.plan,
      file: options.parks,
      isLive: this.#isLive,
      deferShare: shareOf(options.defer),
      notice: (text) => this.#notice(text),
      send: (frame) => this.#send(frame),
      onFrame: (frame) => this.#output.take(frame),
      // Before the first record that is on its way.
      placeHere: () => this.#sent.find((one) => one !== null)?.from ?? null,
      refillHere: () => this.#refillHere(),
      reload: () => this.#reload(),
    });
    this.#supervisor = new Supervisor({
      changes,
      parks: this.#parks.atStart,
      onFrame: (frame) => this.#takeFrame(frame),
      onNotice: (text) => this.#notice(text),
    });
    this.#parks.attach(this.#supervisor);
  }

  get #isLive(): boolean {
    return this.#inputs.some(({ path }) => path === null);
  }

  #takeFrame(frame: FrameFromEngine): void {
    if (frame.type === 'edited') this.#tellEdit(frame);
    // Parks are told by who keeps them.
    if (frame.type !== 'parked') this.#output.take(frame);
    this.#parks.take(frame);
    if (frame.type !== 'done') return;
    const sent = this.#sent.shift() ?? null;
    if (sent !== null) this.#doneTo.set(sent.name, sent.to);
    if (this.#options.top)
      this.#progress.showTable(() => topTable(this.#costs(), LIVE_ROWS, paintFor(process.stderr)));
    else this.#progress.show(this.#counts(), this.#bytes, this.#output.finals);
  }

  /** Every frame is sent here, so that it is known which of them a `done` is for. */
  async #send(
    frame: FrameToEngine,
    again: (() => Promise<FrameToEngine>) | null = null,
    batch: SentBatch | null = null,
  ): Promise<void> {
    const before = this.#sending;
    const turn = Promise.withResolvers<void>();
    this.#sending = turn.promise;
    await before;
    this.#sent.push(batch);
    try {
      await this.#supervisor.send(frame, again);
    } finally {
      turn.resolve();
    }
  }

  #sending = Promise.resolve();

  #filesOf(id: string): string[] {
    const rule = this.#loaded.compiled.plan.rules.find((one) => one.id === id);
    if (rule === undefined || rule.facts.status === 'shadow') return [];
    return rule.outputs.flatMap((name) => this.#loaded.outputs.get(name) ?? []);
  }

  #notice(text: string): void {
    this.#progress.clear();
    process.stderr.write(`weir: ${text}\n`);
  }

  async run(): Promise<number> {
    const inputs = this.#inputs;
    this.#watchInterrupt();
    for (const { reader, path } of inputs)
      if (path !== null) this.#paths.set(nameText(reader.name), path);
    let isWhole = false;
    try {
      await this.#supervisor.start();
      await this.#send({
        type: 'start',
        partitions: inputs.map(({ reader }) => reader.name),
      });
      if (this.#isLive) await this.#live(inputs);
      else await this.#files(inputs);
      if (!this.#stop.signal.aborted) {
        await this.#send({ type: 'finish' });
        isWhole = true;
      }
      await this.#supervisor.settled();
      await (isWhole ? this.#parks.finish() : this.#parks.stop());
      await this.#supervisor.close();
    } catch (error) {
      if (!(error instanceof EngineFailed)) throw error;
      this.#notice(error.message);
      this.#failed = true;
      await this.#parks.stop();
      this.#supervisor.abandon();
    }
    this.#progress.clear();
    await this.#close(isWhole);
    return this.#failed ? EXIT.failed : EXIT.ok;
  }

  /** Ctrl-C ends with what was found so far; once more ends at once. */
  #watchInterrupt(): void {
    process.on('SIGINT', () => {
      if (this.#stop.signal.aborted) {
        this.#parks.abandon();
        this.#supervisor.abandon();
        process.exit(130);
      }
      this.#notice('stopping; once more to stop at once');
      this.#stop.abort();
    });
  }

  async #files(inputs: readonly Input[]): Promise<void> {
    for await (const next of sideBySide(inputs)) {
      if (this.#stop.signal.aborted) return;
      await this.#take(next);
    }
  }

  /** Streams that have no end of their own are read each as it comes; a tick a second tells the engine of the time. */
  async #live(inputs: readonly Input[]): Promise<void> {
    let queue = Promise.resolve();
    const inOrder = (act: () => Promise<void>): Promise<void> => (queue = queue.then(act));
    const ticking = setInterval(
      () => void inOrder(() => this.#send({ type: 'tick', arrivedAt: Date.now() })).catch(() => {}),
      TICK_EVERY_MS,
    );
    const watching = Promise.all([
      this.#options.watch ? this.#watch(inputs, inOrder) : null,
      this.#parks.watch(this.#stopOrEnd),
    ]);
    try {
      await Promise.race([
        Promise.all(inputs.map((input) => this.#readLive(input, inOrder))),
        aborted(this.#stop.signal),
      ]);
      await queue;
    } finally {
      clearInterval(ticking);
      this.#ended.abort();
      await watching;
    }
  }

  readonly #ended = new AbortController();

  get #stopOrEnd(): AbortSignal {
    return AbortSignal.any([this.#stop.signal, this.#ended.signal]);
  }

  /** Rules that are saved are live with the next event; those that begin anew are given what was read before. */
  async #watch(
    inputs: readonly Input[],
    inOrder: (act: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const { rules } = this.#options;
    await watchRules(
      rules,
      this.#options,
      this.#loaded,
      this.#stopOrEnd,
      ({ loaded, plan, broken }) =>
        inOrder(async () => {
          const errors = errorsOf(loaded.diagnostics);
          if (errors.length > 0) this.#notice(diagnosticsText(loaded, errors).trimEnd());
          for (const file of broken)
            this.#notice(`${file} is broken: the version before goes on running`);
          this.#loaded = { ...loaded, compiled: { ...loaded.compiled, plan } };
          this.#isWarming = false;
          await this.#send({ type: 'edit', plan: this.#parks.edited(plan), activeFrom: null });
          await this.#supervisor.settled();
          if (this.#isWarming) await this.#refill(inputs);
          this.#parks.takeOver(plan, loaded.sources.limits);
        }),
    );
  }

  #isWarming = false;

  #tellEdit({ activeFrom, rules }: EditedFrame): void {
    for (const { rule, change } of rules) {
      if (change === 'warming') this.#isWarming = true;
      const what = {
        kept: 'is live, and goes on with what it has seen',
        warming: 'is live, and begins anew: warming',
        gone: 'runs no more; what it had open is final',
      }[change];
      const from = Number.isFinite(activeFrom) ? `, for events from ${isoTime(activeFrom)} on` : '';
      this.#notice(`${rule} ${what}${change === 'gone' ? '' : from}`);
    }
    if (rules.length === 0) this.#notice('the rules say what they said before');
  }

  /** What a lane is given again: what the engine was done with before the frame at hand. */
  #refillHere(): Refill | null {
    if (this.#inputs.some(({ follows }) => follows === null)) return null;
    const to = new Map(this.#doneTo);
    return async (send) => {
      for await (const frame of recordedFrames(this.#inputs, to)) await send(frame);
    };
  }

  #reload(): { readonly plan: Plan; readonly limits: LimitsPlan | undefined } | null {
    try {
      const { compiled, sources } = load(this.#options.rules, this.#options);
      // Rules follow their files only with --watch.
      const plan = this.#options.watch ? compiled.plan : this.#loaded.compiled.plan;
      return { plan, limits: sources.limits };
    } catch {
      return null;
    }
  }

  /** Reads again what was read, as far as it was read, for the rules that begin with the edit. */
  async #refill(inputs: readonly Input[]): Promise<void> {
    for await (const frame of recordedFrames(inputs, this.#readTo)) await this.#send(frame);
    await this.#send({ type: 'refilled' });
    await this.#supervisor.settled();
    this.#notice('what was read before has been given to the new rules: none is warming');
  }

  async #readLive(
    { reader }: Input,
    inOrder: (act: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const batch = await reader.next();
      if (batch === null) {
        await inOrder(() => this.#take({ kind: 'end', reader, error: null }));
        return;
      }
      await inOrder(() => this.#take({ kind: 'batch', reader, batch }));
    }
  }

  async #take(next: NextBatch): Promise<void> {
    if (next.kind === 'end') {
      if (next.error !== null) {
        this.#failed = true;
        this.#notice(
          `${next.reader.name.partition} could not be read to its end: ${(next.error as Error).message}; what came before is used`,
        );
      }
      await this.#send({ type: 'end', partition: next.reader.name });
      return;
    }
    const { frame, again, setAside, bytes } = next.batch;
    this.#bytes += bytes;
    const name = nameText(next.reader.name);
    const before = this.#readTo.get(name) ?? { bytes: 0, number: -1 };
    const to = { bytes: before.bytes + bytes, number: frame.numbers.at(-1) ?? before.number };
    this.#readTo.set(name, to);
    this.#tooLong += setAside.length;
    for (const record of setAside) this.#output.takeSetAside(record);
    if (frame.numbers.length === 0) return;
    const { source, partition } = frame;
    const from = { source, partition, number: frame.numbers[0]!, isAfter: false };
    await this.#send(frame, again, { name, to, from });
  }

  #counts(): Counts {
    const counts = this.#parks.counted(this.#output.counts ?? NO_COUNTS);
    return {
      ...counts,
      read: counts.read + this.#tooLong,
      undecodable: counts.undecodable + this.#tooLong,
    };
  }

  get #names(): ReadonlyMap<string, string> {
    return new Map(this.#loaded.compiled.plan.rules.map(({ id, name }) => [id, name] as const));
  }

  /** The rules that the engine left out, and what became of each. */
  #standings(): Map<string, string> {
    const standings = new Map<string, string>();
    for (const { rule, reason, event } of this.#parks.parked) {
      const where = event === null ? '' : ` at record ${count(event.number)}`;
      const lost = this.#parks.lost.get(rule);
      const why = lost === undefined ? reason.limit : `not caught up: ${lost}`;
      standings.set(rule, `parked${where} (${why})`);
    }
    for (const { rule, isCaughtUp } of this.#parks.inLanes)
      standings.set(rule, isCaughtUp ? 'caught up beside the others' : 'deferred, not caught up');
    return standings;
  }

  #costs(): RuleCost[] {
    const inLanes = new Set(this.#parks.inLanes.map(({ rule }) => rule));
    return costsOf(this.#counts(), this.#names, inLanes);
  }

  /** `weir top`: what rules cost, and nothing else. */
  #closeTop(seconds: number): void {
    const costs = this.#costs();
    if (this.#options.json) {
      for (const cost of costs) console.log(JSON.stringify({ kind: 'cost', ...cost }));
      return;
    }
    const all = costs.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1000;
    console.log(
      `${count(this.#counts().read)} records in ${seconds.toFixed(1)} s; code of rules took ${all.toFixed(3)} s (estimated from calls that were timed)\n`,
    );
    console.log(topTable(costs, CLOSING_ROWS, this.#paint));
  }

  async #close(isWhole: boolean): Promise<void> {
    this.#output.counts = this.#counts();
    const seconds = (performance.now() - this.#beganAt) / 1000;
    const isText = this.#options.json !== true && this.#options.out === undefined;
    this.#output.close();
    if (this.#options.top === 'only') return this.#closeTop(seconds);
    const paint = isText ? this.#paint : paintFor(process.stderr);
    const table = closingTable(this.#counts(), this.#names, seconds, this.#standings(), paint);
    if (isText) {
      await this.#showResults();
      if (!isWhole)
        console.log(
          this.#paint.yellow(
            'The run was stopped: what is marked provisional may still have changed.\n',
          ),
        );
      this.#showProblems((line) => console.log(line));
      console.log(table);
      console.log();
      if (this.#options.top) console.log(`${topTable(this.#costs(), CLOSING_ROWS, paint)}\n`);
    } else this.#showProblems((line) => process.stderr.write(`${line}\n`));
  }

  async #showResults(): Promise<void> {
    const changes = [...this.#output.results.values()].sort(
      (a, b) => a.result.at - b.result.at || (a.result.id < b.result.id ? -1 : 1),
    );
    const places = changes.flatMap(({ result, positions }) =>
      [...result.first, ...result.last].flatMap((event, i) => {
        const path = this.#pathOf(event);
        return path === undefined
          ? []
          : [
              {
                path,
                name: { source: event.source, partition: event.partition },
                number: positions[i]!,
              },
            ];
      }),
    );
    const records = await readRecords(places, firstNumberOf(this.#options));
    const recordOf = (event: EventName, position: number): ReadField | undefined => {
      const path = this.#pathOf(event);
      const record = path && records.get(placeText({ path, number: position }));
      if (record === undefined || record === '') return undefined;
      const view = this.#loaded.sources.sources.find(({ name }) => name === event.source)?.view;
      return (field) =>
        view ? valueThrough(view, record, field.split('.')) : valueAtPath(record, field.split('.'));
    };
    for (const change of changes) {
      const rule = this.#loaded.compiled.plan.rules.find(({ id }) => id === change.result.rule);
      if (rule !== undefined) console.log(`${resultText(change, rule, recordOf, this.#paint)}\n`);
    }
    if (this.#output.unshown > 0)
      console.log(
        `… and ${count(this.#output.unshown)} more results: --json or --out FILE gives them all\n`,
      );
    const alerts = [...this.#output.alerts.values()].filter(
      ({ change, alert }) => change !== 'withdraw' && alert.mergedInto === null,
    ).length;
    const simple = changes.filter(({ result }) => this.#isSimple(result.rule)).length;
    console.log(
      this.#paint.bold(
        `${count(changes.length + this.#output.unshown)} results, ${count(alerts + simple + this.#output.unshown)} alerts\n`,
      ),
    );
  }

  #isSimple(id: string): boolean {
    return (
      this.#loaded.compiled.plan.rules.find((rule) => rule.id === id)?.detect.kind === 'simple'
    );
  }

  /** The file of an event; where a source divides streams by a field, the partition is not the file. */
  #pathOf({ source, partition }: EventName): string | undefined {
    return (
      this.#paths.get(nameText({ source, partition })) ??
      (this.#paths.size === 1 ? [...this.#paths.values()][0] : undefined)
    );
  }

  #showProblems(write: (line: string) => void): void {
    const { setAside, setAsideCount, errors, errorCount } = this.#output;
    for (const { partition, number, kind, reason, offset } of setAside.slice(0, 5))
      write(
        `set aside: ${shown(partition)} record ${number}${kind === 'undecodable' ? `, byte ${offset}` : ''}: ${shown(reason)}`,
      );
    if (setAsideCount > 5)
      write(`set aside: ${count(setAsideCount - 5)} more; --json lists them all`);
    for (const { rules, clause, message, partition, number } of errors.slice(0, 5))
      write(
        `${clause}: ${rules.map(shown).join(', ')}: ${shown(message)} (${shown(partition)} record ${number})`,
      );
    if (errorCount > 5) write(`${count(errorCount - 5)} more such; --json lists them all`);
    if (setAsideCount + errorCount > 0) write('');
  }
}

const NO_COUNTS: Counts = {
  read: 0,
  decoded: 0,
  undecodable: 0,
  duplicates: 0,
  wanted: 0,
  late: 0,
  noTime: 0,
  future: 0,
  noKey: 0,
  excepted: 0,
  clock: -Infinity,
  newest: -Infinity,
  rules: [],
};

/** A batch on its way: how far its stream is read when it is done, and where it begins. */
interface SentBatch {
  readonly name: string;
  readonly to: ReadTo;
  readonly from: ParkPlace;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
