// Question: bursts and pairs of logins: how many events does one core take in a second, beside Esper and Siddhi?
//
//   node bench/logins-peers.ts [EVENTS] [ROUNDS]
//
// Needs a JDK 17 and Maven, which fetches Esper 9.0.0 (GPL-2: called through its API only, nothing of it is here) and
// Siddhi 5.1.30, each on a class path of its own. The peers trust the order of the file; Weir runs with its bound on.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loginLines, PUBLISHED_BURSTS, PUBLISHED_PAIRS, publishedLogins } from './logins-events.ts';
import { canPin, median, root, runOnOneCore, saveResult } from './measured.ts';
import { writeLines } from './thesis-events.ts';

interface Run {
  readonly events: number;
  readonly matches: number;
  readonly eventsPerSecond: number;
  readonly residentBytes: number;
}
type Runner = (file: string, kind: string) => Run;

const events = Number(process.argv[2] ?? publishedLogins.events);
const rounds = Number(process.argv[3] ?? 3);
/** Siddhi walks all open pairs for each event: more than this would take hours. */
const SIDDHI_PAIRS_EVENTS = 20_000;

const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
const peers = join(root, 'bench', 'peers');

function javaRunner(peer: string, main: string): Runner {
  const lib = join(folder, peer, 'lib');
  const classes = join(folder, peer, 'classes');
  mkdirSync(classes, { recursive: true });
  const copy = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`];
  execFileSync('mvn', copy, { cwd: join(peers, peer), stdio: 'inherit' });
  const sources = [join(peers, 'jvm'), join(peers, peer)].flatMap((from) =>
    readdirSync(from)
      .filter((name) => name.endsWith('.java'))
      .map((name) => join(from, name)),
  );
  execFileSync('javac', ['-proc:none', '-cp', `${lib}/*`, '-d', classes, ...sources]);
  const java = [
    'java',
    '-Xmx6g',
    '-XX:+UseSerialGC',
    '-cp',
    `${classes}:${lib}/*`,
    `peers.${main}`,
  ];
  const [command = '', ...words] = canPin ? ['taskset', '-c', '0', ...java] : java;
  return (file, kind) =>
    JSON.parse(
      execFileSync(command, [...words, file, kind], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
        .trimEnd()
        .split('\n')
        .at(-1) ?? '',
    ) as Run;
}

function measured(
  who: string,
  run: Runner,
  kind: string,
  file: string,
): Run & { readonly who: string } {
  const one = run(file, kind);
  console.log(`${kind}, ${who}: ${Math.round(one.eventsPerSecond)} events/s, ${one.matches}`);
  return { who, ...one };
}

const weir: Runner = (file, kind) => runOnOneCore('bench/logins-weir.ts', [file, kind]) as Run;

try {
  const esper = javaRunner('esper', 'EsperLogins');
  const siddhi = javaRunner('siddhi', 'SiddhiLogins');
  const file = join(folder, 'logins.ndjson');
  const short = join(folder, 'short.ndjson');
  writeLines(file, loginLines({ ...publishedLogins, events }));
  writeLines(short, loginLines({ ...publishedLogins, events: SIDDHI_PAIRS_EVENTS }));

  const trials = [
    { kind: 'burst', who: 'Weir', run: weir, file },
    { kind: 'burst', who: 'Esper 9.0.0', run: esper, file },
    { kind: 'burst', who: 'Siddhi 5.1.30', run: siddhi, file },
    { kind: 'pairs', who: 'Weir', run: weir, file },
    { kind: 'pairs-alerts', who: 'Weir, with alerts', run: weir, file },
    { kind: 'pairs', who: 'Esper 9.0.0', run: esper, file },
    { kind: 'pairs', who: 'Weir, 20,000 events', run: weir, file: short },
    { kind: 'pairs', who: 'Siddhi 5.1.30, 20,000 events', run: siddhi, file: short },
  ];
  const runs = trials.map((): Run[] => []);
  // Alternating: whatever else the machine does meets all alike.
  for (let round = 0; round < rounds; round++)
    for (const [i, { kind, who, run, file: input }] of trials.entries())
      runs[i]!.push(measured(who, run, kind, input));

  if (events === publishedLogins.events) {
    const found = (trial: number, wanted: number): void => {
      const { matches } = runs[trial]![0]!;
      if (matches !== wanted) throw new Error(`${trials[trial]!.who}: ${matches}, not ${wanted}`);
    };
    found(0, PUBLISHED_BURSTS);
    found(2, PUBLISHED_BURSTS);
    found(3, PUBLISHED_PAIRS);
    found(4, PUBLISHED_PAIRS);
    found(5, PUBLISHED_PAIRS);
  }
  if (runs[6]![0]!.matches !== runs[7]![0]!.matches) throw new Error('pairs of Siddhi differ');
  saveResult(
    'logins-peers',
    'Bursts and pairs of logins: how many events does one core take in a second, beside Esper and Siddhi?',
    trials.map(({ kind, who }, i) => ({
      what: kind.replace('-alerts', ''),
      who,
      'events/s, median': Math.round(median(runs[i]!.map((run) => run.eventsPerSecond))),
      'events/s, best': Math.round(Math.max(...runs[i]!.map((run) => run.eventsPerSecond))),
      'resident MB': Math.round(median(runs[i]!.map((run) => run.residentBytes)) / 1e6),
      found: runs[i]![0]!.matches,
    })),
    `${events.toLocaleString('en-US')} logins of 10,000 users from seed 1, from file; ${rounds} runs each, alternating, a fresh process for each, ` +
      `${canPin ? 'on one core' : 'not pinned to a core'}; Weir with an out-of-order bound of 2 s. Burst: ten failures of a user in 60 s ` +
      `(SLIDING EVERY). Esper finds more bursts because it also fires when an event leaves the window. Pairs: a failure, then the next ` +
      `success of the user within 60 s (SKIP NONE). Weir tells of a pair when it opens and when it is final; without alerts (STATUS ` +
      `shadow), which the peers do not have, and with alerts, which put all pairs of a user together.`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
