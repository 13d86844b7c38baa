// A process that runs snippets one by one, as its parent asks, and measures each call of their code: CPU time of the
// thread, and bytes made on the heap. Started with `--expose-gc` and a young generation that no single call fills.
import { openCore } from '../../packages/core/src/engine/engine.ts';
import type { FrameToEngine, Host, Park } from '../../packages/core/src/frames.ts';
import { compile } from '../../packages/core/src/language/compile.ts';
import type { LimitsPlan } from '../../packages/core/src/plan/limits-plan.ts';
import { makeHost } from '../../packages/runtime/src/realm.ts';
import { batchOf, recordsFor, sourcesWith } from './containment.ts';
import { readSnippets, ruleOf, type Snippet } from './snippets.ts';

export interface Asked {
  readonly id: string;
  readonly limits: LimitsPlan;
}

export interface Measured {
  readonly id: string;
  /** null: it was not parked. */
  readonly park: Park | null;
  /** Of the call that broke a limit, or of the dearest one. */
  readonly cpuMs: number;
  readonly bytes: number;
  readonly calls: number;
  /** What a call that threw said last; null: none did. */
  readonly error: string | null;
}

interface Call {
  readonly cpuMs: number;
  readonly bytes: number;
}

const cpuNow = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** Rule functions are measured as the host hands them out, below all that the engine does about them; not the first one. */
function measuringHost(calls: Call[]): Host {
  let compiled = 0;
  const host: Host = { now: () => performance.now(), cpuNow, ...makeHost() };
  const measured =
    (run: (...values: unknown[]) => unknown) =>
    (...values: unknown[]): unknown => {
      const bytes = process.memoryUsage().heapUsed;
      const beganAt = cpuNow();
      try {
        return run(...values);
      } finally {
        const cpuMs = cpuNow() - beganAt;
        calls.push({ cpuMs, bytes: process.memoryUsage().heapUsed - bytes });
      }
    };
  const wrap = (made: unknown): unknown => {
    if (typeof made === 'function') return measured(made as never);
    if (typeof made !== 'object' || made === null) return made;
    return Object.fromEntries(Object.entries(made).map(([name, value]) => [name, wrap(value)]));
  };
  return {
    ...host,
    compile: (source) => {
      const make = host.compile(source) as (...parts: unknown[]) => unknown;
      const isReader = compiled++ === 0;
      return (...parts: unknown[]) => (isReader ? make(...parts) : wrap(make(...parts)));
    },
  };
}

/** An innocent rule that reads the fields first: a field is decoded once for all rules, and that is no call's cost. */
function readerOf({ fields }: Snippet): string {
  const names = [...Object.keys(fields), 'text', 'list', 'nested'].filter((name) => isPlain(name));
  const reads = names.map((name) => `event['${name}'] == 1`);
  return `RULE 'reader' SOURCES kind = 'hostile 0' FILTER ${reads.join(' || ')}`;
}

const isPlain = (name: string): boolean => /^[a-z]+$/.test(name) && name !== 'constructor';

function measure(snippet: Snippet, limits: LimitsPlan): Measured {
  const sources = sourcesWith(limits);
  const texts = [readerOf(snippet), ruleOf(snippet, 'hostile 0')];
  const files = texts.map((text, i) => ({ name: `${i}.weir`, text }));
  const { plan } = compile(files, { sources });
  const calls: Call[] = [];
  let park: Park | null = null;
  let error: string | null = null;
  globalThis.gc?.();
  const core = openCore(measuringHost(calls));
  const send = (frame: FrameToEngine): void => {
    for (const answer of core.receive(frame)) {
      if (answer.type === 'parked')
        park ??= answer.parks.find(({ rule }) => rule === 'hostile 0') ?? null;
      if (answer.type === 'errors') error = answer.errors.at(-1)?.message ?? null;
    }
  };
  const partition = { source: 's', partition: 'p' };
  send({ type: 'open', from: 0, to: 128 });
  send({ type: 'change', change: { kind: 'sources', sources } });
  send({ type: 'change', change: { kind: 'rules', plan } });
  send({ type: 'start', partitions: [partition] });
  recordsFor([snippet]).forEach((record, i) => send(batchOf([record], i)));
  send({ type: 'end', partition });
  send({ type: 'finish' });
  const dearest = { cpuMs: Math.max(0, ...calls.map(({ cpuMs }) => cpuMs)), bytes: 0 };
  dearest.bytes = Math.max(0, ...calls.map(({ bytes }) => bytes));
  const { cpuMs, bytes } = park === null ? dearest : (calls.at(-1) ?? dearest);
  return { id: snippet.id, park, cpuMs, bytes, calls: calls.length, error };
}

if (process.send !== undefined) {
  const snippets = new Map(
    [...readSnippets('own'), ...readSnippets('published')].map((one) => [one.id, one]),
  );
  process.on('message', ({ id, limits }: Asked) =>
    process.send?.(measure(snippets.get(id)!, limits)),
  );
  process.send('ready');
}
