import { openCore } from '../../packages/core/src/engine/engine.ts';
import type {
  Change,
  Core,
  Counts,
  FrameFromEngine,
  FrameToEngine,
  PartitionName,
} from '../../packages/core/src/frames.ts';
import { KEY_GROUPS, NO_KEY_GROUP } from '../../packages/core/src/frames.ts';
import { chunksOf, ChunkWriter } from '../../packages/core/src/engine/correlate/chunks.ts';
import type { Plan } from '../../packages/core/src/plan/plan.ts';
import type { AlertChange, ResultChange } from '../../packages/core/src/plan/result.ts';
import type { SourcePlan } from '../../packages/core/src/plan/source-plan.ts';
import { makeHost } from '../../packages/runtime/src/realm.ts';
import type { Delivery } from '../reference/events.ts';
import { batchOf } from './cluster.ts';
import type { Random } from './random.ts';

/** Parts of each stage: of the one that matches, of each level, and of the one for alerts. */
export type Parallelism = readonly number[];

/** Bounds of the key groups of so many parts. */
export const boundsOf = (parts: number): number[] =>
  Array.from({ length: parts + 1 }, (_, i) => Math.ceil((i * KEY_GROUPS) / parts));

/** By stage what has no key, and by stage and key group the chunks by number; bytes in base64. */
export interface SavedState {
  readonly withoutKey: readonly (readonly [stage: number, pieces: readonly string[]])[];
  readonly chunks: readonly (readonly [
    name: string,
    chunks: readonly (readonly [number: number, bytes: string])[],
  ])[];
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

interface Part {
  readonly core: Core;
  readonly stage: number;
  readonly part: number;
  counts: Counts | null;
  /** What a part has been told on its way, by sender: each sender's frames in its order. */
  readonly inbox: Map<Part | null, FrameToEngine[]>;
}

const host = makeHost();

/**
 * Engine parts in stages, as a cluster of operators has them: some match, some hold the windows of a level of rules, some
 * put alerts together. What one part sends to another stays in order; of what different parts send, `random` says what
 * comes first.
 */
export class StagedCluster {
  readonly results: ResultChange[] = [];
  readonly alerts: AlertChange[] = [];
  readonly #changes: readonly Change[];
  readonly #random: Random;
  #parts: Part[] = [];

  constructor(changes: readonly Change[], parallelism: Parallelism, random: Random) {
    this.#changes = changes;
    this.#random = random;
    this.#open(parallelism);
  }

  #open(parallelism: Parallelism): void {
    const stages = parallelism.slice(1).map(boundsOf);
    this.#parts = parallelism.flatMap((count, i) =>
      Array.from({ length: count }, (_, part): Part => {
        const core = openCore(host);
        const stage = i - 1;
        const [from, to] = stage < 0 ? [0, 0] : [stages[stage]![part]!, stages[stage]![part + 1]!];
        core.receive({ type: 'open', from, to, place: { stage, part, stages } });
        for (const change of this.#changes) core.receive({ type: 'change', change });
        return { core, stage, part, counts: null, inbox: new Map() };
      }),
    );
  }

  #of(stage: number): Part[] {
    return this.#parts.filter((part) => part.stage === stage);
  }

  start(partitions: readonly PartitionName[]): void {
    for (const part of this.#parts) this.#put(null, part, { type: 'start', partitions });
    this.#drain();
  }

  /** Streams of a source that says which partition its events are of, or what names them, have one reader. */
  #readerOf({ source, partition }: PartitionName): Part {
    const isWhole = this.#sources.some(
      (one) => one.name === source && (one.partition !== null || one.identity.length > 0),
    );
    let sum = 0;
    for (const char of isWhole ? source : source + partition) sum += char.charCodeAt(0);
    const readers = this.#of(-1);
    return readers[sum % readers.length]!;
  }

  get #sources(): readonly SourcePlan[] {
    return this.#changes.flatMap((change) =>
      change.kind === 'sources' ? change.sources.sources : [],
    );
  }

  batch(deliveries: readonly Delivery[]): void {
    this.#put(null, this.#readerOf(deliveries[0]!), batchOf(deliveries));
    this.#deliverSome();
  }

  end(partition: PartitionName): void {
    this.#put(null, this.#readerOf(partition), { type: 'end', partition });
    this.#deliverSome();
  }

  /** All that had arrived by then was read. */
  tick(arrivedAt: number, partitions: readonly PartitionName[]): void {
    for (const part of this.#of(-1)) {
      const own = partitions.filter((one) => this.#readerOf(one) === part);
      this.#put(null, part, { type: 'tick', arrivedAt, partitions: own });
    }
    this.#drain();
  }

  /** Other rules: they reach the parts one after the other, before what follows from them. */
  edit(plan: Plan, activeFrom: number): void {
    for (const part of this.#parts) this.#put(null, part, { type: 'edit', plan, activeFrom });
    this.#drain();
  }

  async settled(): Promise<void> {
    this.#drain();
  }

  /** A stage has ended when those before it have. */
  finish(): void {
    this.#drain();
    for (const stage of new Set(this.#parts.map((part) => part.stage))) {
      for (const part of this.#of(stage)) this.#put(null, part, { type: 'finish' });
      this.#drain();
    }
  }

  /** Chunks by stage and key group, as whoever stores them has them: changed ones take the place of those before. */
  readonly #stored = new Map<string, Map<number, Uint8Array>>();

  /** Everything stops where nothing is on its way, and others take over. */
  restoreOnto(parallelism: Parallelism): void {
    this.#restore(parallelism, this.#storeAll());
  }

  /** All that is stored where nothing is on its way, as text. */
  save(): SavedState {
    const withoutKey = [...this.#storeAll()].map(
      ([stage, pieces]) => [stage, pieces.map(base64)] as const,
    );
    const chunks = [...this.#stored].map(
      ([name, ofGroup]) =>
        [name, [...ofGroup].map(([number, bytes]) => [number, base64(bytes)] as const)] as const,
    );
    return { withoutKey, chunks };
  }

  /** Begins with what was saved. */
  load({ withoutKey, chunks }: SavedState, parallelism: Parallelism): void {
    for (const [name, ofGroup] of chunks)
      this.#stored.set(name, new Map(ofGroup.map(([number, text]) => [number, bytesOf(text)])));
    this.#restore(
      parallelism,
      new Map(withoutKey.map(([stage, texts]) => [stage, texts.map(bytesOf)])),
    );
  }

  #storeAll(): Map<number, Uint8Array[]> {
    this.#drain();
    const withoutKey = new Map<number, Uint8Array[]>();
    for (const { stage, core } of this.#parts) {
      // A part may be asked ahead, as often as one likes.
      if (this.#random.chance(0.3)) this.#store(stage, core, 'ahead');
      const found = this.#store(stage, core, 'changed');
      withoutKey.set(stage, [...(withoutKey.get(stage) ?? []), ...found]);
    }
    return withoutKey;
  }

  #restore(parallelism: Parallelism, withoutKey: ReadonlyMap<number, readonly Uint8Array[]>): void {
    this.#open(parallelism);
    for (const { stage, part, core } of this.#parts) {
      for (const bytes of withoutKey.get(stage) ?? [])
        core.receive({ type: 'restore', keyGroup: NO_KEY_GROUP, bytes: bytes.slice() });
      if (stage < 0) continue;
      const bounds = boundsOf(this.#of(stage).length);
      for (let keyGroup = bounds[part]!; keyGroup < bounds[part + 1]!; keyGroup++)
        core.receive({ type: 'restore', keyGroup, bytes: this.#storedOf(stage, keyGroup) });
    }
  }

  /** Stores the chunks that changed; gives what has no key. */
  #store(stage: number, core: Core, mode: 'changed' | 'ahead'): Uint8Array[] {
    const withoutKey: Uint8Array[] = [];
    for (const frame of core.receive({ type: 'snapshot', mode })) {
      if (frame.type !== 'state') continue;
      const { keyGroup } = frame;
      if (keyGroup === NO_KEY_GROUP) withoutKey.push(frame.bytes);
      else
        for (const { number, bytes } of chunksOf(frame.bytes)) {
          const chunks = this.#chunksIn(stage, keyGroup);
          if (bytes.length === 0) chunks.delete(number);
          else chunks.set(number, bytes.slice());
        }
    }
    return withoutKey;
  }

  #chunksIn(stage: number, keyGroup: number): Map<number, Uint8Array> {
    const name = `${stage} ${keyGroup}`;
    const chunks = this.#stored.get(name) ?? new Map<number, Uint8Array>();
    this.#stored.set(name, chunks);
    return chunks;
  }

  #storedOf(stage: number, keyGroup: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    const writer = new ChunkWriter((_group, bytes) => pieces.push(bytes));
    for (const [number, bytes] of this.#chunksIn(stage, keyGroup)) {
      writer.begin(keyGroup, number).raw(bytes);
      writer.end();
    }
    writer.close();
    return new Uint8Array(Buffer.concat(pieces));
  }

  #put(from: Part | null, to: Part, frame: FrameToEngine): void {
    const frames = to.inbox.get(from);
    if (frames === undefined) to.inbox.set(from, [frame]);
    else frames.push(frame);
  }

  #deliverSome(): void {
    for (let left = this.#random.below(6); left > 0 && this.#deliverOne(); left--);
  }

  #drain(): void {
    while (this.#deliverOne());
  }

  #deliverOne(): boolean {
    const waiting = this.#parts.flatMap((to) =>
      [...to.inbox].flatMap(([from, frames]) => (frames.length > 0 ? [{ to, from, frames }] : [])),
    );
    if (waiting.length === 0) return false;
    const { to, frames } = this.#random.of(waiting);
    for (const answer of to.core.receive(frames.shift()!)) this.#take(to, answer);
    return true;
  }

  #take(from: Part, frame: FrameFromEngine): void {
    switch (frame.type) {
      case 'results':
        this.results.push(...frame.changes);
        return;
      case 'alerts':
        this.alerts.push(...frame.changes);
        return;
      case 'route':
        this.#put(from, this.#of(frame.stage)[frame.part]!, {
          type: 'routed',
          bytes: frame.bytes,
        });
        return;
      case 'watermark':
        for (const to of this.#parts)
          if (to.stage > from.stage)
            this.#put(from, to, { type: 'watermark', bytes: frame.bytes.slice() });
        return;
      case 'done':
        from.counts = frame.counts;
        return;
      case 'fault':
        throw new Error(frame.message);
      default:
    }
  }

  /** Sums over the parts. */
  get counts(): Omit<Counts, 'clock' | 'rules'> {
    const sums: Record<string, number> = {};
    for (const { counts } of this.#parts)
      for (const [name, value] of Object.entries(counts ?? {}))
        if (!['clock', 'newest', 'rules'].includes(name))
          sums[name] = (sums[name] ?? 0) + (value as number);
    return sums as unknown as Omit<Counts, 'clock' | 'rules'>;
  }
}
