// Parked rules as people meet them: real processes, real files.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'weir-parks-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const WEIR = fileURLToPath(new URL('../../bin/weir.js', import.meta.url));

function weir(...words: string[]): { status: number | null; out: string; err: string } {
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [WEIR, ...words], options);
  return { status, out: stdout, err: stderr };
}

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

/** Final results of a rule, each as text. */
const finals = (out: string, rule: string): string[] =>
  out
    .split('\n')
    .filter((line) => line.startsWith('{"kind":"result","change":"final"'))
    .filter((line) => line.includes(`"rule":"${rule}"`))
    // A mended rule is another version of it, with the same results.
    .map((line) => line.replace(/"version":"[^"]*"/, '"version":""'))
    .toSorted();
const ofKind = (out: string, kind: string): Record<string, unknown>[] =>
  out
    .split('\n')
    .filter((line) => line.startsWith(`{"kind":"${kind}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Its FILTER takes as many rounds as the event says. */
const loops = (rounds: string): string =>
  `RULE "loops" FILTER (() => { let s = 0; for (let i = 0; i < ${rounds}; i++) s += i; return event.n % 2 == 0 && s >= 0; })()
AGGREGATE BY u WITHIN 100:sec HAVING count() >= 2
RULE "reads" SOURCES $rule = 'loops' AGGREGATE BY u WITHIN 4:min HAVING count() >= 2
RULE "seven" FILTER event.n % 7 == 0`;
const RULES = file('rules.weir', loops('event.rounds'));
const config = (name: string, steps: number): string =>
  file(
    name,
    `sources:\n  events: { files: ['*.ndjson'], format: json, time: '@timestamp' }\nlimits: { steps: ${steps} }\n`,
  );
const NARROW = config('narrow.yaml', 5000);
const WIDE = config('wide.yaml', 500_000);
const event = (n: number): string =>
  `${JSON.stringify({ '@timestamp': 1_700_000_000_000 + n * 7000, n, u: `u${n % 3}`, rounds: n === 60 ? 20_000 : 3 })}\n`;
const events = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => event(from + i)).join('');
const EVENTS = file('events.ndjson', events(0, 100));
const never = weir('run', EVENTS, '--rules', RULES, '--config', WIDE, '--json');
for (const rule of ['loops', 'reads', 'seven'])
  assert.ok(finals(never.out, rule).length > 5, `${rule} is no test of anything`);

test('a rule that breaks a limit is told, listed, parked again by the next run, and whole again when it is released', () => {
  const run = (limits: string): ReturnType<typeof weir> =>
    weir('run', EVENTS, '--rules', RULES, '--config', limits, '--json', '--parks', 'parks');
  const first = run(NARROW);
  assert.equal(first.status, 0, first.err);
  assert.match(
    first.err,
    /parked: loops broke a limit in FILTER: .*5000 steps\n {2}at events, events\.ndjson record 61, 2023/,
  );
  assert.match(first.err, /waits: reads/);
  assert.deepEqual(
    ofKind(first.out, 'parked').map(({ rule }) => rule),
    ['loops', 'reads'],
  );
  assert.deepEqual(finals(first.out, 'seven'), finals(never.out, 'seven'));
  assert.ok(finals(first.out, 'loops').length < finals(never.out, 'loops').length);
  const listed = weir('parked', '--parks', 'parks');
  assert.match(
    listed.out,
    /loops\n {2}limit {4}steps: [^]*record 61[^]*waiting {2}reads[^]*1 parked/,
  );
  assert.equal(weir('release', 'nobody', '--parks', 'parks').status, 2);

  // Whatever the limits are now: what was recorded is what happens.
  const second = run(WIDE);
  assert.match(second.err, /still parked: loops/);
  for (const rule of ['loops', 'reads', 'seven'])
    assertEqual(finals(second.out, rule), finals(first.out, rule), rule);

  assert.equal(weir('release', 'loops', '--parks', 'parks').status, 0);
  assert.match(weir('parked', '--parks', 'parks').out, /no rule is parked/);
  const third = run(WIDE);
  assert.equal(third.err, '');
  for (const rule of ['loops', 'reads', 'seven'])
    assertEqual(finals(third.out, rule), finals(never.out, rule), rule);
});

test('the closing table tells of parked rules, and top of what rules cost', () => {
  const { out } = weir('run', EVENTS, '--rules', RULES, '--config', NARROW);
  assert.match(out, /rules: 2 parked/);
  assert.match(out, /loops .* parked at record 61 \(steps\)/);
  const top = weir('top', EVENTS, '--rules', RULES, '--config', NARROW, '--json');
  assert.equal(top.status, 0, top.err);
  const costs = ofKind(top.out, 'cost');
  assert.deepEqual(
    new Set(costs.map(({ rule, state, calls }) => [rule, state, calls].join(' '))),
    new Set(['loops parked 61', 'seven runs 100', 'reads parked 0']),
  );
  // Which of the two that ran cost more is the machine's business; that the dearest comes first is ours.
  const shares = costs.map(({ share }) => share as number);
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => b - a),
  );
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
});

interface Live {
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
  readonly end: () => void;
}

function start(...words: string[]): Live {
  const child = spawn(process.execPath, [WEIR, ...words], { cwd: folder });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { out: () => out, err: () => err, ended, end: () => child.kill('SIGINT') };
}

async function until(what: string, holds: () => boolean, live: Live): Promise<void> {
  for (let i = 0; i < 600 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  if (!holds()) live.end();
  assert.ok(holds(), `${what}\n${live.err()}`);
}

/** A run that follows a file and parks a rule in it; what is done then, and more events behind. */
async function following(
  name: string,
  more: readonly string[],
  mend: (live: Live, rules: string) => void,
): Promise<Live> {
  const input = file(`${name}.ndjson`, events(0, 70));
  const rules = file(`${name}.weir`, loops('event.rounds'));
  const limits = config(`${name}.yaml`, 5000);
  const live = start(
    'run',
    input,
    '--rules',
    rules,
    '--config',
    limits,
    '--json',
    '--follow',
    ...more,
  );
  await until('it is parked', () => live.err().includes('parked: loops'), live);
  appendFileSync(join(folder, input), events(70, 85));
  await until('others go on', () => live.out().includes('"number":85'), live);
  mend(live, rules);
  await until('it is caught up', () => /caught up: (loops|reads)/.test(live.err()), live);
  // Events far behind end every window.
  appendFileSync(join(folder, input), events(85, 100) + event(1e6));
  const isEnded = (rule: string): boolean =>
    finals(live.out(), rule).length >= finals(never.out, rule).length;
  await until('all has ended', () => ['loops', 'reads', 'seven'].every(isEnded), live);
  live.end();
  assert.equal(await live.ended, 0, live.err());
  return live;
}

/** Of a result what does not depend on the name of the file, or on how the events came in batches. */
function matchOf(line: string): string {
  const { id: _, ...result } = (JSON.parse(line) as { result: Record<string, unknown> }).result;
  return JSON.stringify(result).replaceAll(/"partition":"[^"]*"/g, '');
}

function assertAsNeverParked({ out }: Live): void {
  for (const rule of ['loops', 'reads', 'seven']) {
    const own = finals(out(), rule).map(matchOf);
    // What comes of the event far behind.
    const matches = own.filter((match) => !match.includes('"number":101'));
    assertEqual(matches.toSorted(), finals(never.out, rule).map(matchOf).toSorted(), rule);
  }
}

/** Two lists, without showing hundreds of lines of them. */
function assertEqual(actual: readonly string[], expected: readonly string[], what: string): void {
  const missing = expected.filter((one) => !actual.includes(one));
  const surplus = actual.filter((one) => !expected.includes(one));
  assert.deepEqual(
    { missing, surplus, count: actual.length },
    { missing: [], surplus: [], count: expected.length },
    what,
  );
}

test('a run that follows its input sees a release, and catches the rule up', async () => {
  const live = await following('released', ['--parks', 'live-parks'], () => {
    config('released.yaml', 500_000);
    assert.equal(weir('release', 'loops', '--parks', 'live-parks').status, 0);
  });
  assert.deepEqual(
    ofKind(live.out(), 'released').map(({ rule }) => rule),
    ['loops', 'reads'],
  );
  assertAsNeverParked(live);
});

test('a new version of a parked rule takes over where the old one stopped', async () => {
  const live = await following('mended', ['--watch'], (_, rules) => {
    file(rules, loops('3'));
  });
  assertAsNeverParked(live);
});

test('a rule that takes most of the CPU is deferred, and gives what it would have given', () => {
  const rounds = (n: number): string =>
    `${JSON.stringify({ '@timestamp': 1_700_000_000_000 + n * 1000, n, u: `u${n % 50}`, rounds: 8000 })}\n`;
  const many = file('many.ndjson', Array.from({ length: 12_000 }, (_, n) => rounds(n)).join(''));
  const run = (...more: string[]): ReturnType<typeof weir> =>
    weir('run', many, '--rules', RULES, '--config', WIDE, '--json', '--final', ...more);
  const alone = run();
  const deferred = run('--defer', '20');
  assert.match(deferred.err, /deferred: loops takes too much/);
  for (const rule of ['loops', 'reads', 'seven'])
    assertEqual(finals(deferred.out, rule), finals(alone.out, rule), rule);
  const rules = (out: string): unknown =>
    (ofKind(out, 'totals')[0]!['rules'] as { rule: string; results: number }[]).map(
      ({ rule, results }) => [rule, results],
    );
  assert.deepEqual(rules(deferred.out), rules(alone.out));
});
