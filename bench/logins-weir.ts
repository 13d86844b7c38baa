// One run of the logins through the core, in a process of its own, so that nothing else warms or fills it.
//
//   node bench/logins-weir.ts LOGINS.ndjson burst|pairs|pairs-alerts     prints one JSON line
import type { FrameFromEngine } from '../packages/core/src/frames.ts';
import { LineBatches, openRunningCore, PARTITION, readBlocks } from './running-core.ts';

const PAIRS = `RULE "a failure, then a success"
SEQUENCE BY user WITHIN 60:s
STEP a FILTER event.outcome == 'failure'
STEP b FILTER event.outcome == 'success'
SKIP NONE
`;
const RULES = {
  burst: `RULE "ten failures of a user within a minute"
SOURCES outcome = 'failure'
AGGREGATE BY user
WITHIN 60:s SLIDING EVERY
HAVING count() >= 10
`,
  // Each pair is a result of its own, and nothing more is made of them, as with the peers.
  pairs: `${PAIRS}STATUS shadow\n`,
  'pairs-alerts': PAIRS,
};
const OUT_OF_ORDER_BOUND_MS = 2_000;

const [file = '', kind = 'burst'] = process.argv.slice(2);
const core = openRunningCore({
  rules: RULES[kind as keyof typeof RULES],
  source: {
    time: { paths: [['timestamp']], format: null, zone: 'UTC' },
    boundMs: OUT_OF_ORDER_BOUND_MS,
    lateness: null,
  } as object,
});
core.send({ type: 'start', partitions: [PARTITION] });

let matches = 0;
function count(answers: readonly FrameFromEngine[]): void {
  for (const answer of answers)
    if (answer.type === 'results')
      for (const { change } of answer.changes) if (change === 'final') matches++;
}

let bytes = 0;
const lines = new LineBatches();
const from = performance.now();
readBlocks(file, (block) => {
  bytes += block.length;
  const frame = lines.frameOf(block);
  if (frame !== null) count(core.send(frame));
});
count(core.send({ type: 'finish' }));
const seconds = (performance.now() - from) / 1000;

console.log(
  JSON.stringify({
    events: core.counts.read,
    matches,
    seconds,
    eventsPerSecond: core.counts.read / seconds,
    megabytesPerSecond: bytes / seconds / 1e6,
    residentBytes: process.memoryUsage().rss,
  }),
);
