import {
  KEY_GROUPS,
  NO_KEY_GROUP,
  type Change,
  type Counts,
  type FrameFromEngine,
  type FrameToEngine,
  type Host,
  type Park,
  type ParkFrame,
  type PartitionName,
  type ReleaseFrame,
  type RuleError,
  type SetAside,
} from '../../packages/core/src/frames.ts';
import { openCore } from '../../packages/core/src/engine/engine.ts';
import type { Plan } from '../../packages/core/src/plan/plan.ts';
import type { BatchFrame, Core } from '../../packages/core/src/frames.ts';
import type { AlertChange, ResultChange } from '../../packages/core/src/plan/result.ts';
import { makeHost } from '../../packages/runtime/src/realm.ts';
import type { Delivery } from '../reference/events.ts';

const ordinaryHost = makeHost();

type StateFrame = FrameFromEngine & { readonly type: 'state' };

/** Engine parts that share the key groups, and what passes between them, as a host would carry it. */
export class Cluster {
  readonly results: ResultChange[] = [];
  readonly alerts: AlertChange[] = [];
  readonly errors: RuleError[] = [];
  readonly setAside: SetAside[] = [];
  readonly parks: Park[] = [];
  readonly #changes: readonly Change[];
  readonly #host: Host;
  #parts: Core[] = [];
  /** Part i owns the key groups from `#bounds[i]` to `#bounds[i + 1]`. */
  #bounds: readonly number[] = [];
  readonly #counts: Counts[] = [];

  constructor(changes: readonly Change[], bounds: readonly number[], host: Host = ordinaryHost) {
    this.#changes = changes;
    this.#host = host;
    this.#open(bounds);
  }

  #open(bounds: readonly number[]): void {
    this.#bounds = bounds;
    this.#counts.length = 0;
    this.#parts = bounds.slice(0, -1).map(() => openCore(this.#host));
    this.#parts.forEach((part, i) => {
      const place = { stage: 0, part: i, stages: [bounds] };
      part.receive({ type: 'open', from: bounds[i]!, to: bounds[i + 1]!, place });
      for (const change of this.#changes) part.receive({ type: 'change', change });
      for (const edit of this.#edits) part.receive(edit);
    });
  }

  start(partitions: readonly PartitionName[]): void {
    this.#parts.forEach((_, i) => this.#send(i, { type: 'start', partitions }));
  }

  /** The part that reads a source: one part for all its streams, since each partition judges its events in its order. */
  #readerOf(source: string): number {
    let sum = 0;
    for (const char of source) sum += char.charCodeAt(0);
    return sum % this.#parts.length;
  }

  /** Consecutive deliveries of one stream, as one batch. */
  batch(deliveries: readonly Delivery[]): void {
    this.#send(this.#readerOf(deliveries[0]!.source), batchOf(deliveries));
  }

  /** Other rules; gives what the first part says of it. `activeFrom`: of several parts it must be said. */
  edit(plan: Plan, activeFrom: number | null): FrameFromEngine[] {
    this.#edits.push({ type: 'edit', plan, activeFrom });
    this.#answers = [];
    this.#parts.forEach((_, i) => this.#send(i, { type: 'edit', plan, activeFrom }));
    return this.#answers;
  }

  /** What was recorded before an edit, for the rules that begin with it. */
  refill(deliveries: readonly Delivery[]): void {
    this.#send(this.#readerOf(deliveries[0]!.source), { ...batchOf(deliveries), refill: true });
  }

  refilled(): void {
    this.#edits.push({ type: 'refilled' });
    this.#parts.forEach((_, i) => this.#send(i, { type: 'refilled' }));
  }

  /** Parks or releases rules; of several parts each is told. */
  order(frame: ParkFrame | ReleaseFrame): void {
    this.#parts.forEach((_, i) => this.#send(i, frame));
  }

  readonly #edits: FrameToEngine[] = [];
  #answers: FrameFromEngine[] = [];

  end(partition: PartitionName): void {
    this.#send(this.#readerOf(partition.source), { type: 'end', partition });
  }

  tick(arrivedAt: number): void {
    this.#parts.forEach((_, i) => this.#send(i, { type: 'tick', arrivedAt }));
  }

  finish(): void {
    this.#parts.forEach((_, i) => this.#send(i, { type: 'finish' }));
  }

  readonly #queue: { readonly part: number; readonly frame: FrameToEngine }[] = [];
  #isSending = false;

  /** What a part answers is delivered in its order, before anything that follows from it. */
  #send(part: number, frame: FrameToEngine): void {
    this.#queue.push({ part, frame });
    if (this.#isSending) return;
    this.#isSending = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
      for (const answer of this.#parts[next.part]!.receive(next.frame))
        this.#take(next.part, answer);
    this.#isSending = false;
  }

  #take(part: number, frame: FrameFromEngine): void {
    switch (frame.type) {
      case 'results':
        return void this.results.push(...frame.changes);
      case 'alerts':
        return void this.alerts.push(...frame.changes);
      case 'errors':
        return void this.errors.push(...frame.errors);
      case 'set-aside':
        return void this.setAside.push(...frame.records);
      case 'route':
        return this.#send(frame.part, { type: 'routed', bytes: frame.bytes });
      case 'watermark':
        this.#parts.forEach((_, i) => {
          if (i !== part) this.#send(i, { type: 'watermark', bytes: frame.bytes });
        });
        return;
      case 'done':
        this.#counts[part] = frame.counts;
        return;
      case 'edited':
        return void this.#answers.push(frame);
      case 'parked':
        return this.#parkElsewhere(part, frame.parks);
      case 'ready':
      case 'state':
      case 'released':
      case 'records':
        return;
      case 'fault':
        throw new Error(frame.message);
    }
  }

  /** The other parts go on with the rules until they hear of it. What they answer is no news. */
  #parkElsewhere(part: number, parks: readonly Park[]): void {
    for (const park of parks) {
      if (this.#known.has(`${park.rule} ${park.version}`)) continue;
      this.#known.add(`${park.rule} ${park.version}`);
      this.parks.push(park);
      const frame: ParkFrame = {
        type: 'park',
        rules: [park.rule],
        reason: park.reason,
        from: null,
      };
      this.#parts.forEach((_, i) => i !== part && this.#send(i, frame));
    }
  }

  readonly #known = new Set<string>();

  /** Everything stops; the state is taken over by other parts, perhaps more or fewer. */
  restoreOnto(bounds: readonly number[]): void {
    const states = this.#parts.flatMap((part) =>
      part
        .receive({ type: 'snapshot' })
        .filter((frame): frame is StateFrame => frame.type === 'state'),
    );
    this.#open(bounds);
    // What has no key comes first: it says which partitions there are.
    states.sort(
      (x, y) => Number(y.keyGroup === NO_KEY_GROUP) - Number(x.keyGroup === NO_KEY_GROUP),
    );
    for (const state of states) {
      const owner = this.#bounds.findLastIndex((bound) => bound <= state.keyGroup);
      const to = state.keyGroup === NO_KEY_GROUP ? this.#parts.map((_, i) => i) : [owner];
      for (const part of to)
        this.#parts[part]!.receive({ ...state, bytes: state.bytes.slice(), type: 'restore' });
    }
  }

  /** What the first part counted of each rule. */
  get rules(): Counts['rules'] {
    return this.#counts[0]?.rules ?? [];
  }

  /** Sums over the parts. */
  get counts(): Omit<Counts, 'clock' | 'rules'> {
    const names = [
      'read',
      'decoded',
      'undecodable',
      'duplicates',
      'wanted',
      'late',
      'noTime',
      'future',
      'noKey',
      'excepted',
    ] as const;
    return Object.fromEntries(
      names.map((name) => [
        name,
        this.#counts.reduce((sum, counts) => sum + (counts?.[name] ?? 0), 0),
      ]),
    ) as unknown as Omit<Counts, 'clock' | 'rules'>;
  }
}

export const ALONE: readonly number[] = [0, KEY_GROUPS];

/** Consecutive deliveries of one stream, as one batch. */
export function batchOf(deliveries: readonly Delivery[]): BatchFrame {
  const [{ source, partition }] = deliveries as [Delivery];
  const records = deliveries.map(({ record }) => new TextEncoder().encode(record));
  const bytes = new Uint8Array(records.reduce((sum, { length }) => sum + length, 0));
  const starts = new Int32Array(records.length);
  let at = 0;
  records.forEach((record, i) => {
    starts[i] = at;
    bytes.set(record, at);
    at += record.length;
  });
  return {
    type: 'batch',
    source,
    partition,
    numbers: Float64Array.from(deliveries, ({ number }) => number),
    arrivedAt: Float64Array.from(deliveries, ({ arrivedAt }) => arrivedAt),
    starts,
    lengths: Int32Array.from(records, ({ length }) => length),
    bytes,
  };
}
