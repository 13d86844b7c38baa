// Runs hostile rules beside innocent ones in the real engine process, and says what became of each.
import { fileURLToPath } from 'node:url';
import { compile } from '../../packages/core/src/language/compile.ts';
import { noSources } from '../../packages/core/src/language/config/config.ts';
import type {
  BatchFrame,
  Change,
  FrameFromEngine,
  Park,
  RuleCounts,
} from '../../packages/core/src/frames.ts';
import type { LimitsPlan } from '../../packages/core/src/plan/limits-plan.ts';
import { defaultSource, type SourcesPlan } from '../../packages/core/src/plan/source-plan.ts';
import type { EngineLimits } from '../../packages/runtime/src/engine-arguments.ts';
import { Supervisor } from '../../packages/runtime/src/supervisor.ts';
import { SECRET } from './canary.ts';
import { ruleOf, type Snippet } from './snippets.ts';

/** What became of a snippet. */
export type Fate =
  | { readonly kind: 'refused'; readonly codes: readonly string[] }
  | { readonly kind: 'parked'; readonly park: Park }
  /** Its code threw each time, or now and then. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'answered'; readonly counts: RuleCounts };

export interface Contained {
  readonly fates: ReadonlyMap<Snippet, Fate>;
  /** What the innocent rules gave, as sorted lines. */
  readonly innocent: readonly string[];
  readonly notices: readonly string[];
  /** Frames that told what only the engine knows. */
  readonly leaks: readonly string[];
}

/** The engine did not come to an end in time, or could not be kept running. */
export class NotContained extends Error {}

const INNOCENT = `
RULE 'innocent filter' SOURCES $source = 's' FILTER event.n % 7 == 3 && event.text.length > 0
RULE 'innocent window' SOURCES $source = 's' AGGREGATE BY user WITHIN 10:sec
HAVING (events) => { let sum = 0; for (const e of events) sum += e.n; return { sum, names: events.map((e) => e.user + e.n) }; }
SINK (result) => { result.told = true; return result; }`;
const EVENTS_EACH = 3;
/** Events with more text than this come once. */
const TEXT_LONG = 100_000;
const BATCH = 40;
const WARM = 200;
const BASE = Date.UTC(2026, 0, 1);

export function sourcesWith(limits: LimitsPlan | undefined): SourcesPlan {
  const time = { paths: [['t']], format: null, zone: 'UTC' };
  const source = { ...defaultSource, name: 's', time };
  return { ...noSources, sources: [source], ...(limits === undefined ? {} : { limits }) };
}

/** The codes of what the compiler has against a snippet; none: it takes it. */
export function refusedFor(snippet: Snippet): string[] {
  const file = { name: 'hostile.weir', text: ruleOf(snippet, 'hostile') };
  return compile([file], { sources: sourcesWith(undefined) })
    .diagnostics.filter(({ severity }) => severity === 'error')
    .map(({ code }) => code);
}

/** The records of a stream in which each snippet has some events, and the innocent rules all. */
export function recordsFor(snippets: readonly Snippet[]): string[] {
  let n = 0;
  return snippets.flatMap(({ fields }, s) => {
    const isLong = Object.values(fields).some(
      (value) => typeof value === 'string' && value.length > TEXT_LONG,
    );
    return Array.from({ length: isLong ? 1 : EVENTS_EACH }, () => {
      const usual = { text: 'alpha beta', list: [3, 1, 2], nested: { a: { b: 'c' } } };
      const own = { t: BASE + n * 500, kind: `hostile ${s}`, user: `u${n % 3}`, n };
      n++;
      // Entries, since fields may be called __proto__.
      return JSON.stringify(
        Object.fromEntries([...Object.entries({ ...usual, ...own }), ...Object.entries(fields)]),
      );
    });
  });
}

export function batchOf(records: readonly string[], first: number): BatchFrame {
  const parts = records.map((record) => Buffer.from(record));
  const lengths = Int32Array.from(parts, ({ length }) => length);
  let end = 0;
  const starts = Int32Array.from(lengths, (length) => (end += length) - length);
  return {
    type: 'batch',
    source: 's',
    partition: 'p',
    numbers: Float64Array.from(records, (_, i) => first + i),
    arrivedAt: new Float64Array(records.length).fill(Number.NaN),
    starts,
    lengths,
    bytes: new Uint8Array(Buffer.concat(parts)),
  };
}

interface Heard {
  readonly lines: string[];
  readonly failures: Map<string, string>;
  readonly parks: Map<string, Park>;
  readonly counts: Map<string, RuleCounts>;
  readonly leaks: string[];
}

function listen(heard: Heard, frame: FrameFromEngine): void {
  if (JSON.stringify(frame)?.includes(SECRET)) heard.leaks.push(`a ${frame.type} holds the secret`);
  if (frame.type === 'results')
    for (const { change, revision, result } of frame.changes)
      if (result.rule.startsWith('innocent'))
        heard.lines.push(JSON.stringify([change, revision, { ...result, version: '' }]));
  if (frame.type === 'errors')
    for (const { rules, clause, message } of frame.errors)
      for (const rule of rules) heard.failures.set(rule, `${clause}: ${message}`);
  if (frame.type === 'parked') for (const park of frame.parks) heard.parks.set(park.rule, park);
  if (frame.type === 'done') for (const one of frame.counts.rules) heard.counts.set(one.rule, one);
}

export interface RunOptions {
  /** Left out: the innocent rules run alone over the same stream. */
  readonly withHostile: boolean;
  readonly deadlineMs: number;
  readonly limits?: LimitsPlan;
  /** What the process may take before its watchdog ends it. */
  readonly engineLimits?: Partial<EngineLimits>;
  /** The module that the process runs. */
  readonly engine?: string;
  /** The first batch is about to be sent to this process. */
  readonly onBatch?: (pid: number) => void;
  /** The process has ended unasked. */
  readonly onNotice?: () => void;
}

/** Runs rules of snippets that the compiler takes, all in one process. Throws NotContained. */
export async function runBeside(
  snippets: readonly Snippet[],
  options: RunOptions,
): Promise<Contained> {
  const { withHostile, deadlineMs, limits, engineLimits, engine = './watched-engine.ts' } = options;
  const heard: Heard = {
    lines: [],
    failures: new Map(),
    parks: new Map(),
    counts: new Map(),
    leaks: [],
  };
  const notices: string[] = [];
  const rules = withHostile ? snippets.map((snippet, i) => ruleOf(snippet, `hostile ${i}`)) : [];
  const sources = sourcesWith(limits);
  const files = [INNOCENT, ...rules].map((text, i) => ({ name: `${i}.weir`, text }));
  const changes: Change[] = [
    { kind: 'sources', sources },
    { kind: 'rules', plan: compile(files, { sources }).plan },
  ];
  const supervisor = new Supervisor({
    changes,
    engine: fileURLToPath(new URL(engine, import.meta.url)),
    onFrame: (frame) => listen(heard, frame),
    onNotice: (text) => {
      notices.push(text);
      options.onNotice?.();
    },
    ...(engineLimits === undefined ? {} : { limits: engineLimits }),
  });
  try {
    await withDeadline(stream(supervisor, recordsFor(snippets), options.onBatch), deadlineMs);
    const fates = new Map(snippets.map((snippet, i) => [snippet, fateOf(heard, `hostile ${i}`)]));
    return {
      fates: withHostile ? fates : new Map(),
      innocent: heard.lines.sort(),
      notices,
      leaks: heard.leaks,
    };
  } catch (error) {
    supervisor.abandon();
    const why = error instanceof Error ? error.message : 'something else was thrown';
    throw new NotContained([why, ...notices].join('; '), { cause: error });
  }
}

async function stream(
  supervisor: Supervisor,
  records: readonly string[],
  onBatch?: (pid: number) => void,
): Promise<void> {
  await supervisor.start();
  const partition = { source: 's', partition: 'p' };
  await supervisor.send({ type: 'start', partitions: [partition] });
  // An engine that has run for a while is warm.
  const first = Array.from({ length: WARM }, (_, n) =>
    JSON.stringify({ t: BASE - WARM + n, kind: 'usual', user: 'u', text: 'alpha beta', n }),
  );
  await supervisor.send(batchOf(first, 0));
  await supervisor.settled();
  onBatch?.(supervisor.pid!);
  for (let at = 0; at < records.length; at += BATCH)
    await supervisor.send(batchOf(records.slice(at, at + BATCH), WARM + at));
  await supervisor.send({ type: 'end', partition });
  await supervisor.send({ type: 'finish' });
  await supervisor.settled();
  // One more piece of input: before it the canary has looked at what the last one did.
  await supervisor.send({ type: 'snapshot' });
  await supervisor.settled();
  await supervisor.close();
}

async function withDeadline(work: Promise<void>, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new NotContained(`no end within ${deadlineMs} ms`)),
      deadlineMs,
    );
  });
  // Who is abandoned fails later, when nobody listens.
  work.catch(() => {});
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function fateOf({ parks, failures, counts }: Heard, rule: string): Fate {
  const park = parks.get(rule);
  if (park !== undefined) return { kind: 'parked', park };
  const message = failures.get(rule);
  if (message !== undefined) return { kind: 'failed', message };
  return { kind: 'answered', counts: counts.get(rule)! };
}
