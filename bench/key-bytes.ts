// Question: how many bytes does a key of a counting window take, besides the events that it holds?
//
//   node bench/key-bytes.ts [KEYS]
import { execFileSync } from 'node:child_process';
import { LineBatches, openRunningCore, PARTITION } from './running-core.ts';
import { saveResult } from './measured.ts';

const keys = Number(process.argv[2] ?? 500_000);
const EVENTS_PER_KEY = [1, 5, 9];
const KEYS_PER_BATCH = 2_000;
const START_MS = 1_767_225_600_000;

function bytesOf(eventsPerKey: number): number {
  const core = openRunningCore({
    rules: `RULE "ten failures of a user within an hour"
AGGREGATE BY user
WITHIN 1:h SLIDING EVERY
HAVING count() >= 10
`,
    source: { time: { paths: [['timestamp']], format: null, zone: 'UTC' } } as object,
  });
  core.send({ type: 'start', partitions: [PARTITION] });
  const before = resident();
  const batches = new LineBatches();
  for (let round = 0; round < eventsPerKey; round++)
    for (let first = 0; first < keys; first += KEYS_PER_BATCH) {
      const users = Array.from({ length: Math.min(KEYS_PER_BATCH, keys - first) }, (_, i) =>
        JSON.stringify({ timestamp: START_MS + round, user: `user${1_000_000 + first + i}` }),
      );
      core.send(batches.frameOf(Buffer.from(`${users.join('\n')}\n`))!);
    }
  const taken = resident() - before;
  if (core.counts.read !== keys * eventsPerKey) throw new Error('not all events were read');
  return taken;
}

/** What is held: typed arrays, and objects. */
function resident(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A process for each: what one left behind would be counted with the next. */
function bytesInOwnProcess(eventsPerKey: number): number {
  const words = ['--expose-gc', import.meta.filename, String(keys), String(eventsPerKey)];
  return Number(execFileSync(process.execPath, words, { encoding: 'utf8' }));
}

if (process.argv[3] === undefined) compare();
else console.log(bytesOf(Number(process.argv[3])));

function compare(): void {
  const least = EVENTS_PER_KEY[0]!;
  const most = EVENTS_PER_KEY.at(-1)!;
  const perKey = new Map(
    EVENTS_PER_KEY.map((events) => [events, bytesInOwnProcess(events) / keys]),
  );
  const perEvent = (perKey.get(most)! - perKey.get(least)!) / (most - least);
  saveResult(
    'key-bytes',
    'How many bytes does a key of a counting window take, besides the events that it holds?',
    [...perKey].map(([events, bytes]) => ({
      'events of a key': events,
      'bytes of a key': Math.round(bytes),
      'besides its events': Math.round(bytes - events * perEvent),
    })),
    `${keys.toLocaleString('en-US')} users of 11 letters, count() of an hour, SLIDING EVERY; typed arrays and objects after a full ` +
      `collection. An event costs ${Math.round(perEvent)} bytes, each is stored once, however many windows it is in.`,
  );
}
