// A core in this process, with rules, fed with the lines of a file: what the engine process does, without the process.
import { closeSync, openSync, readSync } from 'node:fs';
import { runInThisContext } from 'node:vm';
import { openCore } from '../packages/core/src/engine/engine.ts';
import type { Counts, FrameFromEngine, FrameToEngine } from '../packages/core/src/frames.ts';
import { compile } from '../packages/core/src/language/compile.ts';
import type { ListPlan, SourcePlan } from '../packages/core/src/plan/source-plan.ts';
import { defaultSource } from '../packages/core/src/plan/source-plan.ts';

export interface CoreFacts {
  readonly rules: string;
  readonly source?: Partial<SourcePlan>;
  readonly lists?: readonly { readonly plan: ListPlan; readonly rows: string }[];
}

export interface RunningCore {
  send(frame: FrameToEngine): readonly FrameFromEngine[];
  /** Counts of the last `done`. */
  readonly counts: Counts;
}

export const PARTITION = { source: 'events', partition: 'bench' } as const;

/** Throws if the rules have a mistake: a measurement of rules that do not run means nothing. */
export function openRunningCore({ rules, source = {}, lists = [] }: CoreFacts): RunningCore {
  const sources = {
    sources: [{ ...defaultSource, ...source }],
    lists: lists.map(({ plan }) => plan),
    tenants: [],
  };
  const { plan, diagnostics } = compile([{ name: 'bench.weir', text: rules }], { sources });
  const mistake = diagnostics.find(({ code }) => code.startsWith('E'));
  if (mistake !== undefined) throw new Error(`${mistake.code}: ${mistake.message}`);

  const core = openCore({ compile: (code) => runInThisContext(`(${code})`) });
  let counts: Counts | null = null;
  const send = (frame: FrameToEngine): readonly FrameFromEngine[] => {
    const answers = core.receive(frame);
    for (const answer of answers) {
      if (answer.type === 'fault') throw new Error(answer.message);
      if (answer.type === 'done') counts = answer.counts;
    }
    return answers;
  };
  send({ type: 'open', from: 0, to: 128 });
  send({ type: 'change', change: { kind: 'sources', sources } });
  for (const { plan: list, rows } of lists)
    send({
      type: 'change',
      change: { kind: 'list', list, rows: new Uint8Array(Buffer.from(rows)) },
    });
  send({ type: 'change', change: { kind: 'rules', plan } });
  return {
    send,
    get counts() {
      if (counts === null) throw new Error('nothing was done yet');
      return counts;
    },
  };
}

const NEWLINE = 10;

const NO_BYTES: Buffer = Buffer.alloc(0);

/** Lines of bytes become batches. Keeps what follows the last newline for the next call. */
export class LineBatches {
  #rest = NO_BYTES;
  #next = 0;
  #starts = new Int32Array(1024);
  #lengths = new Int32Array(1024);

  /** The complete lines in what came so far, as one frame; null if there is none. */
  frameOf(bytes: Buffer): FrameToEngine | null {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let count = 0;
    let from = 0;
    for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, from)) {
      if (end > from) {
        if (count === this.#starts.length) this.#grow();
        this.#starts[count] = from;
        this.#lengths[count++] = end - from;
      }
      from = end + 1;
    }
    // Copied: the reader fills its block again.
    this.#rest = from === all.length ? NO_BYTES : Buffer.from(all.subarray(from));
    if (count === 0) return null;
    const numbers = new Float64Array(count);
    for (let i = 0; i < count; i++) numbers[i] = this.#next++;
    return {
      type: 'batch',
      ...PARTITION,
      numbers,
      arrivedAt: new Float64Array(count).fill(NaN),
      starts: this.#starts.slice(0, count),
      lengths: this.#lengths.slice(0, count),
      bytes: new Uint8Array(all.buffer, all.byteOffset, from),
    };
  }

  #grow(): void {
    const longer = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(from.length * 2);
      to.set(from);
      return to;
    };
    this.#starts = longer(this.#starts);
    this.#lengths = longer(this.#lengths);
  }
}

/** Reads the file in blocks to its end and hands each block's bytes on. */
export function readBlocks(
  file: string,
  onBlock: (bytes: Buffer) => void,
  blockBytes = 512 * 1024,
): void {
  const handle = openSync(file, 'r');
  const block = Buffer.allocUnsafe(blockBytes);
  for (let read = readSync(handle, block); read > 0; read = readSync(handle, block))
    onBlock(block.subarray(0, read));
  closeSync(handle);
}
