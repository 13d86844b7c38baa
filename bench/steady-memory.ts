// Question: does memory stay where it is, however much flows by?
//
//   node --expose-gc bench/steady-memory.ts [GIGABYTES]
//
// The thesis workload with 36 simple rules, a window over 10,000 keys and a SESSION, streamed without end; event time moves on.
import type { FrameToEngine } from '../packages/core/src/frames.ts';
import { saveResult } from './measured.ts';
import { PARTITION, openRunningCore } from './running-core.ts';
import { publishedWorkload, thesisIds, thesisLines, thesisRules } from './thesis-events.ts';

const WINDOWS = `RULE "many of one prefix"
SOURCES groupTag = 'DemoV01'
AGGREGATE BY prefix = event.a.slice(0, 3), groupName
WITHIN 1:min, 10:sec
HAVING count() >= 1000 && distinct(tag) >= 50

RULE "a session of one tag"
SOURCES groupTag = 'DemoV01'
AGGREGATE BY tag, groupName
WITHIN SESSION 1:sec
HAVING count() >= 100000 && avg(integer) > 1
`;
const GROWTH_MAX = 0.1;
const LINES_OF_A_PASS = 200_000;

const gigabytes = Number(process.argv[2] ?? 10);
const core = openRunningCore({
  rules: thesisRules(6) + WINDOWS,
  source: { boundMs: 1000 },
  lists: [{ plan: { name: 'ids', kind: 'exact', file: 'ids.txt' }, rows: thesisIds() }],
});
core.send({ type: 'start', partitions: [PARTITION] });

/** The same records again and again, each pass dated after the one before: made once, patched in place. */
function preparedBatches(): {
  readonly frames: FrameToEngine[];
  readonly patch: (passStartMs: number) => void;
} {
  const frames: (FrameToEngine & { type: 'batch' })[] = [];
  let records: string[] = [];
  const close = (): void => {
    const lengths = Int32Array.from(records, (record) => record.length);
    const starts = new Int32Array(records.length);
    for (let i = 1; i < records.length; i++) starts[i] = starts[i - 1]! + lengths[i - 1]!;
    frames.push({
      type: 'batch',
      ...PARTITION,
      numbers: new Float64Array(records.length),
      arrivedAt: new Float64Array(records.length).fill(NaN),
      ...{ starts, lengths, bytes: new Uint8Array(Buffer.from(records.join(''), 'latin1')) },
    });
    records = [];
  };
  for (const line of thesisLines({ ...publishedWorkload, events: LINES_OF_A_PASS })) {
    records.push(line);
    if (records.length === 2000) close();
  }
  if (records.length > 0) close();

  let ordinal = 0;
  const TIME_AT = '{"timestamp":'.length;
  const patch = (passStartMs: number): void => {
    let at = passStartMs;
    for (const { numbers, starts, bytes } of frames)
      for (let i = 0; i < starts.length; i++) {
        numbers[i] = ordinal++;
        bytes.set(Buffer.from(String(at++), 'latin1'), starts[i]! + TIME_AT);
      }
  };
  return { frames, patch };
}

function residentBytes(): number {
  if (globalThis.gc === undefined)
    throw new Error('run it with node --expose-gc: garbage would be counted');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().rss;
}

const { frames, patch } = preparedBatches();
const rows: { 'GB streamed': number; 'resident MB': number; events: number }[] = [];
let bytes = 0;
let results = 0;
const from = performance.now();
for (let pass = 0; rows.length < gigabytes; pass++) {
  patch(1_700_000_000_000 + pass * LINES_OF_A_PASS);
  for (const frame of frames) {
    for (const answer of core.send(frame))
      if (answer.type === 'results') results += answer.changes.length;
    bytes += (frame as { bytes: Uint8Array }).bytes.length;
  }
  if (bytes < (rows.length + 1) * 1e9) continue;
  rows.push({
    'GB streamed': rows.length + 1,
    'resident MB': Math.round(residentBytes() / 1e6),
    events: core.counts.read,
  });
  console.log(`${rows.length} GB: ${rows.at(-1)!['resident MB']} MB resident`);
}
const eventsPerSecond = Math.round(core.counts.read / ((performance.now() - from) / 1000));
if (results === 0) throw new Error('no result came out, so the rules did not run');

const growth = rows.at(-1)!['resident MB'] / rows[0]!['resident MB'] - 1;
saveResult(
  'steady-memory',
  'Does memory stay where it is, however much flows by?',
  rows,
  `From 1 GB to ${gigabytes} GB the resident memory changed by ${(growth * 100).toFixed(1)} %; aimed at: at most ${GROWTH_MAX * 100} %. ` +
    `${results.toLocaleString('en-US')} changes of results came out, at ${eventsPerSecond.toLocaleString('en-US')} events a second.`,
);
if (growth > GROWTH_MAX) process.exitCode = 1;
