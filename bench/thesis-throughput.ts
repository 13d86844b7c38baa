// Question: how many events of the thesis workload does one core take in a second, beside a plain loop over Node?
//
//   node bench/thesis-throughput.ts [EVENTS] [ROUNDS]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canPin, median, runOnOneCore, saveResult } from './measured.ts';
import { PUBLISHED_MATCHES, publishedWorkload, thesisLines, writeLines } from './thesis-events.ts';

interface Run {
  readonly events: number;
  readonly matches: number;
  readonly eventsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly residentBytes: number;
}

const events = Number(process.argv[2] ?? publishedWorkload.events);
const rounds = Number(process.argv[3] ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
const file = join(folder, 'thesis.ndjson');

function measure(program: string): Run {
  const run = runOnOneCore(program, [file, '6']) as Run;
  if (run.events !== events) throw new Error(`${program} read ${run.events} of ${events} events`);
  if (events === publishedWorkload.events && run.matches !== PUBLISHED_MATCHES)
    throw new Error(`${program} found ${run.matches} matches; there are ${PUBLISHED_MATCHES}`);
  console.log(`${program}: ${Math.round(run.eventsPerSecond)} events/s, ${run.matches} matches`);
  return run;
}

const row = (name: string, runs: readonly Run[]) => ({
  who: name,
  'events/s, median': Math.round(median(runs.map((run) => run.eventsPerSecond))),
  'events/s, best': Math.round(Math.max(...runs.map((run) => run.eventsPerSecond))),
  'MB/s, median': Math.round(median(runs.map((run) => run.megabytesPerSecond))),
  'resident MB': Math.round(median(runs.map((run) => run.residentBytes)) / 1e6),
  matches: runs[0]?.matches ?? NaN,
});

try {
  writeLines(file, thesisLines({ ...publishedWorkload, events }));
  const weir: Run[] = [];
  const node: Run[] = [];
  // Alternating: whatever else the machine does meets both alike.
  for (let round = 0; round < rounds; round++) {
    weir.push(measure('bench/thesis-weir.ts'));
    node.push(measure('bench/peers/thesis-node.mjs'));
  }
  const rows = [row('Weir', weir), row('plain loop over Node', node)];
  const ratio = rows[0]!['events/s, median'] / rows[1]!['events/s, median'];
  saveResult(
    'thesis-throughput',
    'How many events of the thesis workload does one core take in a second?',
    rows,
    `Weir takes ${ratio.toFixed(2)} times the events of the plain loop. ${events.toLocaleString('en-US')} events of 258 bytes, 36 rules of listing 7.2 ` +
      `(pattern mended), a list of a million ids; ${rounds} runs each, alternating, ${canPin ? 'on one core' : 'not pinned to a core'}.`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
