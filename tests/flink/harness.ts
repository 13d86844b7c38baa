import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { encodeFrame } from '../../packages/core/src/frames-codec.ts';
import type {
  Change,
  Counts,
  FrameToEngine,
  PartitionName,
} from '../../packages/core/src/frames.ts';
import type { Plan } from '../../packages/core/src/plan/plan.ts';
import type { AlertChange, ResultChange } from '../../packages/core/src/plan/result.ts';
import type { SourcePlan } from '../../packages/core/src/plan/source-plan.ts';
import type { Parallelism } from '../engine/staged-cluster.ts';
import { batchOf } from '../engine/cluster.ts';
import type { AnyCluster } from '../engine/run-engine.ts';
import type { Delivery } from '../reference/events.ts';

/** What an operator gave to one of its outputs. */
interface OutputRecord {
  readonly output: 'results' | 'alerts' | 'set-aside' | 'faults';
  readonly key: string;
  readonly value: string;
}

export interface Appended {
  readonly key: string;
  readonly value: object;
}

/** A part has failed, as its task would; what was written to the control topic before stands. */
export class PartFailed extends Error {
  readonly appended: readonly Appended[];

  constructor(message: string, appended: readonly Appended[]) {
    super(message);
    this.appended = appended;
  }
}

interface Answer {
  /** What operators have written to the control topic. */
  readonly appended?: readonly Appended[];
  readonly records?: readonly OutputRecord[];
  readonly error?: string;
}

/** A Java process in which the operators of the job run as Flink's own test harnesses drive them, with real engine processes. */
export class OperatorHarness {
  readonly #process: ChildProcess;
  readonly #waiting: {
    readonly take: (answer: Answer) => void;
    readonly fail: (error: Error) => void;
  }[] = [];

  constructor(java: string, classPath: string, engine: string) {
    this.#process = spawn(
      java,
      [
        '-Xmx768m',
        '--add-opens=java.base/java.util=ALL-UNNAMED',
        '-cp',
        classPath,
        'io.weir.flink.Harness',
        process.execPath,
        engine,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    createInterface({ input: this.#process.stdout! }).on('line', (line) =>
      this.#waiting.shift()?.take(JSON.parse(line) as Answer),
    );
    this.#process.once('exit', (code) => {
      for (const { fail } of this.#waiting.splice(0))
        fail(new Error(`the harness ended (${code})`));
    });
  }

  /** Commands go out at once; answers come in their order. */
  do(command: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const take = (answer: Answer): void =>
        answer.error === undefined
          ? resolve(answer)
          : reject(new PartFailed(answer.error, answer.appended ?? []));
      this.#waiting.push({ take, fail: reject });
      this.#process.stdin!.write(`${JSON.stringify(command)}\n`);
    });
  }

  async close(): Promise<void> {
    this.#process.stdin!.end();
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
  }
}

/** The operators of a job, run like any other engine parts: what is asked of them is noted down, and done by `run`. */
export class OperatorCluster {
  readonly results: ResultChange[] = [];
  readonly alerts: AlertChange[] = [];
  readonly faults: { readonly kind: string }[] = [];
  readonly appended: Appended[] = [];
  readonly #changes: readonly Change[];
  readonly #seed: number;
  /** What the control topic holds: that with which the job begins, and what is behind it. */
  readonly #first: readonly Appended[];
  readonly #behind: readonly Appended[];
  readonly #commands: object[] = [];
  #parallelism: Parallelism;

  constructor(
    changes: readonly Change[],
    parallelism: Parallelism,
    seed: number,
    {
      before = [],
      behind = [],
    }: { readonly before?: readonly Appended[]; readonly behind?: readonly Appended[] } = {},
  ) {
    this.#first = [...before, ...changes.map(appendedOf)];
    this.#behind = behind;
    this.#changes = changes;
    this.#parallelism = parallelism;
    this.#seed = seed;
  }

  /** What the driver of a run asks; counts are not told. */
  get driver(): AnyCluster {
    return this as unknown as AnyCluster;
  }

  readonly counts: Omit<Counts, 'clock' | 'rules'> | null = null;

  start(partitions: readonly PartitionName[]): void {
    this.#commands.push({
      do: 'open',
      parallelism: this.#parallelism,
      control: [...this.#first, ...this.#behind].map(recordAt),
      base: this.#first.length,
      partitions,
      seed: this.#seed,
    });
  }

  #readerOf({ source, partition }: PartitionName): number {
    const isWhole = this.#sources.some(
      (one) => one.name === source && (one.partition !== null || one.identity.length > 0),
    );
    let sum = 0;
    for (const char of isWhole ? source : source + partition) sum += char.charCodeAt(0);
    return sum % this.#parallelism[0]!;
  }

  get #sources(): readonly SourcePlan[] {
    return this.#changes.flatMap((change) =>
      change.kind === 'sources' ? change.sources.sources : [],
    );
  }

  #frame(part: number, frame: FrameToEngine): void {
    const bytes = Buffer.from(encodeFrame(frame)).toString('base64');
    this.#commands.push({ do: 'frame', part, frame: bytes });
  }

  batch(deliveries: readonly Delivery[]): void {
    this.#frame(this.#readerOf(deliveries[0]!), batchOf(deliveries));
  }

  end(partition: PartitionName): void {
    this.#frame(this.#readerOf(partition), { type: 'end', partition });
  }

  tick(arrivedAt: number, partitions: readonly PartitionName[]): void {
    for (let part = 0; part < this.#parallelism[0]!; part++) {
      const own = partitions.filter((one) => this.#readerOf(one) === part);
      this.#frame(part, { type: 'tick', arrivedAt, partitions: own });
    }
  }

  #edits = 0;
  #told = 0;

  /** A record of the control topic, read while events flow. */
  tell(key: string, value: object): void {
    const offset = this.#first.length + this.#behind.length + this.#told++;
    this.#commands.push({ do: 'control', record: recordAt({ key, value }, offset) });
  }

  /** Other rules, from an event time on. */
  edit(plan: Plan, activeFrom: number): void {
    this.tell('rules', { kind: 'rules', edit: ++this.#edits, plan, activeFrom });
  }

  /** All that was asked has been done. */
  async settled(harness: OperatorHarness): Promise<void> {
    this.#commands.push({ do: 'drain' });
    await this.run(harness);
  }

  finish(): void {
    this.#commands.push({ do: 'finish' });
  }

  restoreOnto(parallelism: Parallelism): void {
    this.#parallelism = parallelism;
    this.#commands.push({ do: 'restore', parallelism });
  }

  /** Does what was asked, and takes in what came of it. */
  async run(harness: OperatorHarness): Promise<this> {
    const commands = this.#commands.splice(0);
    const answers = await Promise.all(commands.map((command) => harness.do(command)));
    this.appended.push(...answers.flatMap(({ appended = [] }) => appended));
    for (const { output, value } of answers.flatMap(({ records = [] }) => records)) {
      const line = JSON.parse(value) as { kind: string };
      if (output === 'results') this.results.push(line as unknown as ResultChange);
      if (output === 'faults') this.faults.push(line);
      if (output === 'alerts') this.alerts.push(line as unknown as AlertChange);
    }
    return this;
  }
}

const recordAt = ({ key, value }: Appended, offset: number): object => ({
  offset,
  key,
  value: JSON.stringify(value),
});

function appendedOf(change: Change, i: number): Appended {
  switch (change.kind) {
    case 'sources':
      return { key: 'sources', value: change };
    case 'rules':
      return {
        key: 'rules',
        value: { kind: 'rules', edit: 0, plan: change.plan, activeFrom: null },
      };
    case 'list': {
      const rows = new TextDecoder().decode(change.rows);
      return { key: `list:${change.list.name}`, value: { kind: 'list', list: change.list, rows } };
    }
    case 'list-delta':
      return { key: `list:${change.name}:+${i}`, value: change };
  }
}
