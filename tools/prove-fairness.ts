// `npm run prove:fairness [SECONDS]`: one rule of a hundred that uses nine tenths of the CPU does not hold up the others,
// and gives what it would have given.
//
// Events come at a steady pace through standard input. The dear rule is made to take more than one processor at this
// pace, the others hardly anything. Of the others the time from an event's arrival to its result is measured, in a run
// with the dear rule and in one without it.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SECONDS = Number(process.argv[2] ?? 60);
/** By then it must be clear who is dear. */
const DECIDED_MS = 5000;
const WEIR = fileURLToPath(new URL('../packages/cli/bin/weir.js', import.meta.url));
const PROBE_ROUNDS = 500;
const folder = mkdtempSync(join(tmpdir(), 'weir-fairness-'));
const START = 1_700_000_000_000;
const EVENTS_PER_SECOND = 4000;
/** What the dear rule asks of the engine, in processors: with all the others more than there is. */
const LOAD = 1.1;
/** What is sent in one go. */
const STEP_MS = 5;

const OTHERS = Array.from(
  { length: 99 },
  (_, i) => `RULE "other ${i}" FILTER event.n % 99 == ${i} && event.path != 'none'`,
).join('\n');
/** A loop of so many rounds decides; it holds for one event of five. A round takes long enough that they are no limit of steps. */
const dear = (rounds: number): string =>
  `RULE "dear" FILTER (() => { let s = 0; for (let i = 0; i < ${rounds}; i++) s += event.path.indexOf('q') + event.text.indexOf('yz'); return event.n % 5 == 0 && s < 0; })()`;
const dearHolds = (n: number): boolean => n % 5 === 0;

const event = (n: number): string =>
  `${JSON.stringify({ '@timestamp': START + n, n, user: `u${n % 50}`, path: '/usr/bin/find', text: 'x'.repeat(120) })}\n`;

function rulesFile(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** CPU of each rule for one event, µs. */
function costs(rules: string): Map<string, number> {
  const events = 40_000;
  const input = rulesFile(
    'events.ndjson',
    Array.from({ length: events }, (_, n) => event(n)).join(''),
  );
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [WEIR, 'top', input, '--rules', rules, '--json'],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { rule: string; cpuMs: number });
  return new Map(lines.map(({ rule, cpuMs }) => [rule, (cpuMs * 1000) / events]));
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

interface Ran {
  /** Of results of the others: when the event was sent after the start, and how long its result took, ms. */
  readonly delays: { readonly sentMs: number; readonly tookMs: number }[];
  readonly dear: number[];
  readonly notices: string;
  readonly sent: number;
  readonly lastMs: number;
}

/** Sends events at a pace, and notes when their results come. */
async function run(rules: string, eventsPerSecond: number): Promise<Ran> {
  const weir = spawn(process.execPath, [WEIR, 'run', '-', '--rules', rules, '--json', '--final'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const sentAt: number[] = [];
  const ran = { delays: [] as Ran['delays'], dear: [] as number[] };
  let notices = '';
  weir.stderr.setEncoding('utf8').on('data', (text: string) => (notices += text));
  weir.stdin.on('error', () => {});
  const lines = createInterface({ input: weir.stdout });
  let beganMs = 0;
  let lastMs = 0;
  lines.on('line', (line) => {
    const now = performance.now();
    const { kind, result } = JSON.parse(line) as {
      kind: string;
      result: { rule: string; at: number };
    };
    if (kind !== 'result') return;
    const n = result.at - START;
    lastMs = now - beganMs;
    if (result.rule === 'dear') ran.dear.push(n);
    else ran.delays.push({ sentMs: sentAt[n]! - beganMs, tookMs: now - sentAt[n]! });
  });
  const ended = new Promise((resolve) => weir.once('close', resolve));
  await wait(1500);
  beganMs = performance.now();
  for (let n = 0; performance.now() - beganMs < SECONDS * 1000;) {
    const due = Math.floor(((performance.now() - beganMs) / 1000) * eventsPerSecond);
    let text = '';
    for (const now = performance.now(); n < due; n++) {
      sentAt.push(now);
      text += event(n);
    }
    if (text !== '') weir.stdin.write(text);
    await wait(STEP_MS);
  }
  weir.stdin.end();
  await ended;
  return { ...ran, notices, sent: sentAt.length, lastMs };
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function tell(name: string, { delays }: Ran, fromMs: number): { p50: number; p95: number } {
  const took = delays.filter(({ sentMs }) => sentMs >= fromMs).map(({ tookMs }) => tookMs);
  const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((part) => percentile(took, part));
  console.log(
    `${name.padEnd(44)} ${took.length} results; ms: median ${p50!.toFixed(1)}, p95 ${p95!.toFixed(1)}, p99 ${p99!.toFixed(1)}, most ${max!.toFixed(1)}`,
  );
  return { p50: p50!, p95: p95! };
}

try {
  const probe = costs(rulesFile('probe.weir', `${OTHERS}\n${dear(PROBE_ROUNDS)}`));
  const wantedUs = (LOAD * 1e6) / EVENTS_PER_SECOND;
  let rounds = PROBE_ROUNDS;
  let measured = probe;
  let withDear = '';
  // Code that has become warm is quicker: what it takes is approached.
  for (let i = 0; i < 3; i++) {
    rounds = Math.max(10, Math.round((rounds * wantedUs) / measured.get('dear')!));
    withDear = rulesFile('with.weir', `${OTHERS}\n${dear(rounds)}`);
    measured = costs(withDear);
  }
  const dearUs = measured.get('dear')!;
  const othersUs = sum(measured.values()) - dearUs;
  console.log(
    `99 rules take ${othersUs.toFixed(1)} µs of an event, the dear one ${dearUs.toFixed(1)} (${((dearUs / (dearUs + othersUs)) * 100).toFixed(0)} %): at ${EVENTS_PER_SECOND} events a second ${((dearUs * EVENTS_PER_SECOND) / 1e4).toFixed(0)} % of a processor`,
  );
  const without = await run(rulesFile('without.weir', OTHERS), EVENTS_PER_SECOND);
  const disturbed = await run(withDear, EVENTS_PER_SECOND);
  console.log(disturbed.notices.trim());
  const quiet = tell('without the dear rule', without, 0);
  const loud = tell('with it', disturbed, 0);
  const decided = tell('with it, from the fifth second on', disturbed, DECIDED_MS);
  const expected = Array.from({ length: disturbed.sent }, (_, n) => n).filter(dearHolds);
  const isWhole = disturbed.dear.toSorted((a, b) => a - b).join() === expected.join();
  const others99 = (ran: Ran): boolean => ran.delays.length === ran.sent;
  const checks = [
    [
      `the others' median delay is ${(loud.p50 / quiet.p50).toFixed(2)} of what it was without`,
      loud.p50 <= quiet.p50 * 2,
    ],
    [
      `from the fifth second on their 95th percentile is ${(decided.p95 / quiet.p95).toFixed(2)} of what it was without`,
      decided.p95 <= quiet.p95 * 2,
    ],
    [
      `the others gave all their results (${disturbed.delays.length})`,
      others99(disturbed) && others99(without),
    ],
    [
      `the dear rule gave all of its ${expected.length}, once each; the last ${(disturbed.lastMs / 1000 - SECONDS).toFixed(0)} s after the input ended`,
      isWhole,
    ],
    ['it was deferred', disturbed.notices.includes('deferred')],
  ] as const;
  for (const [text, holds] of checks) console.log(`${holds ? '✔' : '✖'} ${text}`);
  process.exitCode = checks.every(([, holds]) => holds) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
