import { openCore } from '../../packages/core/src/engine/engine.ts';
import type { Plan } from '../../packages/core/src/plan/plan.ts';
import { defaultSource, type SourcePlan } from '../../packages/core/src/plan/source-plan.ts';
import type { FrameFromEngine } from '../../packages/core/src/frames.ts';
import { views } from '../../packages/core/src/language/config/views/index.ts';
import { makeHost } from '../../packages/runtime/src/realm.ts';

const host = makeHost();
const RECORDS_MAX = 2000;

/** A source whose events say themselves what they are. */
export const autoSource: SourcePlan = { ...defaultSource, view: views.get('auto')! };

/** Runs plans over JSON lines; tells of each hit. Gives the number of records, and what rules threw. */
export class HitFinder {
  readonly errors: string[] = [];
  records = 0;
  readonly #core = openCore(host);
  readonly #source: SourcePlan;
  readonly #partitions: readonly string[];

  constructor(plan: Plan, source: SourcePlan, partitions: readonly string[]) {
    this.#source = source;
    this.#partitions = partitions;
    const sources = { sources: [source], lists: [], tenants: [] };
    for (const change of [{ kind: 'sources', sources } as const, { kind: 'rules', plan } as const])
      this.#core.receive({ type: 'change', change });
    this.#core.receive({
      type: 'start',
      partitions: this.#partitions.map((partition) => ({ source: source.name, partition })),
    });
  }

  /** `found` is told rule and number of the record in its partition. */
  lines(partition: string, bytes: Uint8Array, found: (rule: string, number: number) => void): void {
    const starts: number[] = [];
    const lengths: number[] = [];
    const numbers: number[] = [];
    let number = 0;
    const flush = (): void => {
      if (starts.length === 0) return;
      this.#take(
        this.#core.receive({
          type: 'batch',
          source: this.#source.name,
          partition,
          numbers: Float64Array.from(numbers),
          arrivedAt: new Float64Array(numbers.length).fill(Number.NaN),
          starts: Int32Array.from(starts),
          lengths: Int32Array.from(lengths),
          bytes,
        }),
        found,
      );
      starts.length = lengths.length = numbers.length = 0;
    };
    for (let start = 0; start < bytes.length;) {
      let end = bytes.indexOf(10, start);
      if (end < 0) end = bytes.length;
      if (end > start) {
        starts.push(start);
        lengths.push(end - start);
        numbers.push(number++);
        this.records++;
      }
      if (starts.length >= RECORDS_MAX) flush();
      start = end + 1;
    }
    flush();
  }

  #take(frames: readonly FrameFromEngine[], found: (rule: string, number: number) => void): void {
    for (const frame of frames) {
      if (frame.type === 'results')
        for (const { result } of frame.changes) found(result.rule, Number(result.first[0]!.number));
      if (frame.type === 'errors')
        for (const { rules, clause, message } of frame.errors)
          this.errors.push(`${rules.join(', ')}: ${clause}: ${message}`);
      if (frame.type === 'fault') throw new Error(frame.message);
    }
  }
}
