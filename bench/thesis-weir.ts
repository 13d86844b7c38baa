// One run of the thesis workload through the core, in a process of its own, so that nothing else warms or fills it.
//
//   node bench/thesis-weir.ts EVENTS.ndjson RULES_PER_GROUP     prints one JSON line
import { LineBatches, PARTITION, openRunningCore, readBlocks } from './running-core.ts';
import { thesisIds, thesisRules } from './thesis-events.ts';

const [file = '', perGroup = '6'] = process.argv.slice(2);

const core = openRunningCore({
  rules: thesisRules(Number(perGroup)),
  lists: [{ plan: { name: 'ids', kind: 'exact', file: 'ids.txt' }, rows: thesisIds() }],
});
core.send({ type: 'start', partitions: [PARTITION] });

let matches = 0;
let bytes = 0;
const lines = new LineBatches();
const from = performance.now();
readBlocks(file, (block) => {
  bytes += block.length;
  const frame = lines.frameOf(block);
  if (frame === null) return;
  for (const answer of core.send(frame))
    if (answer.type === 'results')
      for (const { change } of answer.changes) if (change === 'final') matches++;
});
for (const answer of core.send({ type: 'finish' }))
  if (answer.type === 'results')
    for (const { change } of answer.changes) if (change === 'final') matches++;
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
