// Question: what does an event cost a sequence of three steps when one key has a thousand or a million matches in the making?
//
//   node bench/hot-key.ts [MOST]
//
// All events are of one key and one span. First MATCHES events begin a match each; then every tenth event moves all of
// them on to the third step, which never comes, and the others begin new ones: 50,000 events that are timed.
import { execFileSync } from 'node:child_process';
import type { FrameToEngine } from '../packages/core/src/frames.ts';
import { median, saveResult, type Row } from './measured.ts';
import { PARTITION, openRunningCore } from './running-core.ts';

const ruleOf = (second: string): string => `RULE "three steps"
SOURCES kind = 'login'
SEQUENCE BY user WITHIN 1:day
STEP a FILTER event.v == 1
STEP b FILTER event.v == 2${second}
STEP c FILTER event.v == 3
`;
/** Steps of one event are not even looked at before an event of the last one comes; a loop is always in the automaton. */
const RULES = { 'of one event': ruleOf(''), 'a loop': ruleOf(' TIMES 1 OR MORE') };
type Shape = keyof typeof RULES;
const START = 1_700_000_400_000;
const BATCH = 1000;
const TIMED = 50_000;
const REPEATS = 3;
const most = Number(process.argv[2] ?? 1_000_000);

let ordinal = 0;
function batchOf(values: readonly number[]): FrameToEngine {
  const records = values.map(
    (v, i) => `{"at":${START + ordinal + i},"kind":"login","user":"u","v":${v}}`,
  );
  const lengths = Int32Array.from(records, ({ length }) => length);
  const starts = new Int32Array(records.length);
  for (let i = 1; i < records.length; i++) starts[i] = starts[i - 1]! + lengths[i - 1]!;
  const frame: FrameToEngine = {
    type: 'batch',
    ...PARTITION,
    numbers: Float64Array.from(values, (_, i) => ordinal + i),
    arrivedAt: new Float64Array(values.length).fill(Number.NaN),
    ...{ starts, lengths, bytes: new Uint8Array(Buffer.from(records.join(''), 'latin1')) },
  };
  ordinal += values.length;
  return frame;
}

/** What is held: typed arrays, and objects. */
const used = (): number => {
  globalThis.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

interface Measured {
  readonly microsecondsPerEvent: number;
  readonly bytesPerEvent: number;
}

function measure(matches: number, shape: Shape): Measured {
  ordinal = 0;
  const core = openRunningCore({
    rules: RULES[shape],
    source: { time: { paths: [['at']], format: null, zone: 'UTC' }, boundMs: 0 },
  });
  const before = used();
  for (let done = 0; done < matches; done += BATCH)
    core.send(batchOf(Array.from({ length: Math.min(BATCH, matches - done) }, () => 1)));
  const bytesPerEvent = (used() - before) / matches;
  const frames = Array.from({ length: TIMED / BATCH }, () =>
    batchOf(Array.from({ length: BATCH }, (_, i) => (i % 10 === 9 ? 2 : 1))),
  );
  const begun = process.hrtime.bigint();
  for (const frame of frames) core.send(frame);
  const microsecondsPerEvent = Number(process.hrtime.bigint() - begun) / 1000 / TIMED;
  return { microsecondsPerEvent, bytesPerEvent };
}

/** A process for each: what one left behind would be counted with the next. */
function measureApart(matches: number, shape: Shape): Measured {
  const words = ['--expose-gc', import.meta.filename, String(most), String(matches), shape];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as Measured;
}

if (process.argv[3] === undefined) compare();
else {
  // Once for V8 to know the code.
  const shape = process.argv[4] as Shape;
  measure(1000, shape);
  console.log(JSON.stringify(measure(Number(process.argv[3]), shape)));
}

function compare(): void {
  const sizes = [1000, 10_000, 100_000, 1_000_000].filter((size) => size <= most);
  const shapes = Object.keys(RULES) as Shape[];
  const rows = shapes.flatMap((shape) => rowsOf(shape, sizes));
  const range = `${sizes[0]!.toLocaleString('en-US')} to ${sizes.at(-1)!.toLocaleString('en-US')}`;
  const told = shapes.map((shape) => {
    const costs = rows
      .filter((row) => row['second step'] === shape)
      .map((row) => row['µs an event'] as number);
    return `${(Math.max(...costs) / Math.min(...costs)).toFixed(2)}-fold (second step ${shape})`;
  });
  saveResult(
    'hot-key',
    'What does an event cost a sequence when one key has very many matches in the making?',
    rows,
    `From ${range} matches in the making the cost of an event changes ${told.join(', ')}; medians of ${REPEATS}, 2 is allowed.`,
  );
}

function rowsOf(shape: Shape, sizes: readonly number[]): Row[] {
  const runs = Array.from({ length: REPEATS }, () =>
    sizes.map((size) => measureApart(size, shape)),
  );
  return sizes.map((matches, i) => {
    const middle = (name: keyof Measured): number => median(runs.map((run) => run[i]![name]));
    return {
      'second step': shape,
      'matches in the making': matches,
      'µs an event': middle('microsecondsPerEvent'),
      // Of few events the engine itself is more than what it keeps.
      'bytes an event kept': matches < 10_000 ? '' : Math.round(middle('bytesPerEvent')),
    };
  });
}
