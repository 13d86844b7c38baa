// Question: how many keys of a window with count and distinct fit in a gigabyte, and does a restored core go on exactly?
//
//   node --expose-gc bench/keys-per-gigabyte.ts [KEYS]
//
// Text keys of 24 bytes, WITHIN 10:min, 1:min, three events and two values for each key, spread over ten minutes.
import { createHash } from 'node:crypto';
import type { FrameFromEngine, FrameToEngine } from '../packages/core/src/frames.ts';
import { saveResult } from './measured.ts';
import { PARTITION, openRunningCore, type RunningCore } from './running-core.ts';

const RULE = `RULE "four events or three values of a key"
SOURCES kind = 'login'
AGGREGATE BY key
WITHIN 10:min, 1:min
HAVING count() >= 4 || distinct(value) >= 3
`;
const EVENTS_PER_KEY = 3;
const BATCH = 5000;
const TARGET_BYTES = 250;
const START = 1_700_000_400_000;

const keys = Number(process.argv[2] ?? 5_000_000);
const keyOf = (i: number): string => `account-${String(i).padStart(16, '0')}`;

type StateFrame = FrameFromEngine & { type: 'state' };

const open = (): RunningCore =>
  openRunningCore({
    rules: RULE,
    source: {
      time: { paths: [['at']], format: null, zone: 'UTC' },
      boundMs: 0,
      lateness: null,
    } as object,
  });

let ordinal = 0;
function batchOf(records: readonly string[], first: number): FrameToEngine {
  const lengths = Int32Array.from(records, (record) => record.length);
  const starts = new Int32Array(records.length);
  for (let i = 1; i < records.length; i++) starts[i] = starts[i - 1]! + lengths[i - 1]!;
  return {
    type: 'batch',
    ...PARTITION,
    numbers: Float64Array.from(records, (_, i) => first + i),
    arrivedAt: new Float64Array(records.length).fill(NaN),
    ...{ starts, lengths, bytes: new Uint8Array(Buffer.from(records.join(''), 'latin1')) },
  };
}

/** All keys once, then all again, and again: the three events of a key are 200 seconds apart. */
function fill(core: RunningCore): void {
  const stepMs = 200_000 / keys;
  for (let round = 0; round < EVENTS_PER_KEY; round++)
    for (let from = 0; from < keys; from += BATCH) {
      const records: string[] = [];
      for (let i = from; i < Math.min(keys, from + BATCH); i++) {
        const at = START + Math.floor(round * 200_000 + i * stepMs);
        records.push(`{"at":${at},"kind":"login","key":"${keyOf(i)}","value":"v${round % 2}"}`);
      }
      core.send(batchOf(records, ordinal));
      ordinal += records.length;
    }
}

/** A thousand keys get a fourth event, then time goes to its end; a digest of all that comes out. */
function goOn(core: RunningCore): { readonly digest: string; readonly results: number } {
  const records: string[] = [];
  for (let i = 0; i < keys; i += Math.ceil(keys / 1000))
    records.push(`{"at":${START + 600_000},"kind":"login","key":"${keyOf(i)}","value":"v2"}`);
  const answers = [...core.send(batchOf(records, ordinal)), ...core.send({ type: 'finish' })];
  const changes = answers.flatMap((answer) => (answer.type === 'results' ? answer.changes : []));
  // Changes of one result come in order; between results there is none.
  const text = changes
    .map((change) => JSON.stringify(change))
    .sort()
    .join('\n');
  return {
    digest: createHash('sha256').update(text).digest('hex'),
    results: changes.filter(({ change }) => change === 'final').length,
  };
}

const snapshotOf = (core: RunningCore): StateFrame[] =>
  core.send({ type: 'snapshot' }).filter((frame): frame is StateFrame => frame.type === 'state');

function digestOf(frames: readonly StateFrame[]): string {
  const hash = createHash('sha256');
  for (const { keyGroup, bytes } of frames)
    hash.update(`${keyGroup} ${bytes.length};`).update(bytes);
  return hash.digest('hex');
}

function residentBytes(): number {
  if (globalThis.gc === undefined)
    throw new Error('run it with node --expose-gc: garbage would be counted as state');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().rss;
}

const seconds = (from: number): number => (performance.now() - from) / 1000;

function measureFirst() {
  const core = open();
  core.send({ type: 'start', partitions: [PARTITION] });
  const before = residentBytes();
  const filling = performance.now();
  fill(core);
  const fillSeconds = seconds(filling);
  const stateBytes = residentBytes() - before;
  const saving = performance.now();
  const snapshot = snapshotOf(core);
  return { stateBytes, fillSeconds, snapshot, saveSeconds: seconds(saving), after: goOn(core) };
}

function measureRestored(snapshot: readonly StateFrame[]) {
  const core = open();
  const restoring = performance.now();
  for (const { keyGroup, bytes } of snapshot) core.send({ type: 'restore', keyGroup, bytes });
  core.send({ type: 'start', partitions: [PARTITION] });
  const restoreSeconds = seconds(restoring);
  return { restoreSeconds, digest: digestOf(snapshotOf(core)), after: goOn(core) };
}

const first = measureFirst();
const restored = measureRestored(first.snapshot);
const sameResults = restored.after.digest === first.after.digest;
if (first.after.results === 0) throw new Error('no result came out, so nothing was compared');
if (!sameResults) throw new Error('the restored core gave other results than the one that went on');

const bytesPerKey = first.stateBytes / keys;
const snapshotBytes = first.snapshot.reduce((sum, { bytes }) => sum + bytes.length, 0);
saveResult(
  'keys-per-gigabyte',
  'How many keys of a window with count and distinct fit in a gigabyte?',
  [
    {
      keys: keys,
      'bytes a key, resident': Math.round(bytesPerKey),
      'keys in a GB': Math.round(1e9 / bytesPerKey),
      'bytes a key, snapshot': Math.round(snapshotBytes / keys),
      'events/s while filling': Math.round((keys * EVENTS_PER_KEY) / first.fillSeconds),
      'snapshot, s': first.saveSeconds,
      'restore, s': restored.restoreSeconds,
      'results after restore': restored.after.results,
      'snapshot of the restored core is the same': restored.digest === digestOf(first.snapshot),
    },
  ],
  `${Math.round(bytesPerKey)} bytes a key; aimed at: at most ${TARGET_BYTES}. Text keys of 24 bytes, WITHIN 10:min, 1:min, count and distinct, three events ` +
    'and two values a key. After snapshot and restore the results are those of a core that went on.',
);
