// What no budget sees: code that the compiler would never print, in a real engine process.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compile } from '@weir/core/language/compile.ts';
import { noSources } from '@weir/core/language/config/config.ts';
import { defaultSource } from '@weir/core/plan/source-plan.ts';
import type {
  BatchFrame,
  Change,
  CodePlan,
  FrameFromEngine,
  Park,
  Plan,
  SourcesPlan,
} from '@weir/core';
import { argumentsOf, type EngineLimits } from './engine-arguments.ts';
import { Supervisor } from './supervisor.ts';

const SOURCES = {
  ...noSources,
  sources: [{ ...defaultSource, name: 's', time: { paths: [['t']], format: null, zone: 'UTC' } }],
};
const RULES = `RULE "innocent" SOURCES $source = 's' AGGREGATE BY u WITHIN 10:sec HAVING count() >= 3
RULE "culprit" SOURCES $source = 's' FILTER event.n % 7 == 0
RULE "windows" SOURCES $source = 's' AGGREGATE BY u WITHIN 10:sec HAVING count() >= 4 && 1 < 2
RULE "each" SOURCES $source = 's' FILTER event.n % 10 == 0`;

const ENDLESS = 'for (;;);';
const BOMB =
  'const held = []; for (;;) { const list = []; for (let i = 0; i < 1000; i++) list.push(i + 0.5); held.push(list); }';
/** Event number 250 is the last but 50 of its batch. */
const FATAL = 250;

/** The plan, with code that is not of the compiler: it behaves until the fatal event. */
function evilPlan(body: string): Plan {
  const { plan } = compile([{ name: 'r.weir', text: RULES }], { sources: SOURCES });
  return {
    ...plan,
    rules: plan.rules.map((rule) => {
      if (rule.id !== 'culprit') return rule;
      const source = `(H, S) => (e) => { const n = e.get(S[0]); if (n === ${FATAL}) { ${body} } return n % 7 === 0; }`;
      return { ...rule, filter: { ...rule.filter!, source } };
    }),
  };
}

/** HAVING that does not come back for windows of four events. */
function evilWindows(body: string): Plan {
  const { plan } = compile([{ name: 'r.weir', text: RULES }], { sources: SOURCES });
  return {
    ...plan,
    rules: plan.rules.map((rule) => {
      if (rule.id !== 'windows' || rule.detect.kind !== 'window') return rule;
      const { having } = rule.detect;
      assert.ok(having.kind === 'aggregates');
      const source = `(H, S) => (v) => { if (v[0] >= 4) { ${body} } return v[0] >= 4; }`;
      const detect = { ...rule.detect, having: { ...having, code: { ...having.code, source } } };
      return { ...rule, detect };
    }),
  };
}

function batchOf(batch: number): BatchFrame {
  const records = Array.from({ length: 100 }, (_, i) => {
    const n = batch * 100 + i;
    return JSON.stringify({ t: 1_700_000_000_000 + n * 300, u: `u${n % 9}`, n });
  });
  const starts = new Int32Array(records.length);
  records.forEach(
    (_, i) => (starts[i] = i === 0 ? 0 : starts[i - 1]! + records[i - 1]!.length + 1),
  );
  return {
    type: 'batch',
    source: 's',
    partition: 'p',
    numbers: Float64Array.from(records, (_, i) => batch * 100 + i),
    arrivedAt: new Float64Array(records.length).fill(Number.NaN),
    starts,
    lengths: Int32Array.from(records, ({ length }) => length),
    bytes: new TextEncoder().encode(records.join('\n')),
  };
}

interface Outcome {
  readonly results: string[];
  readonly parks: Park[];
  readonly notices: string[];
  /** The engine's `done`s: one for each frame. */
  readonly dones: number;
  readonly tookMs: number;
}

async function run(
  plan: Plan,
  limits: Partial<EngineLimits>,
  killBefore: readonly number[] = [],
  sources: SourcesPlan = SOURCES,
): Promise<Outcome> {
  const changes: Change[] = [
    { kind: 'sources', sources },
    { kind: 'rules', plan },
  ];
  const [results, parks, notices]: [string[], Park[], string[]] = [[], [], []];
  let dones = 0;
  const onFrame = (frame: FrameFromEngine): void => {
    if (frame.type === 'results')
      for (const { change, result } of frame.changes)
        results.push(`${change} ${result.rule} ${result.id} ${result.count}`);
    if (frame.type === 'parked') parks.push(...frame.parks);
    if (frame.type === 'done') dones++;
  };
  const onNotice = (text: string): void => void notices.push(text);
  const supervisor = new Supervisor({ changes, onFrame, onNotice, limits });
  const beganAt = performance.now();
  await supervisor.start();
  await supervisor.send({ type: 'start', partitions: [{ source: 's', partition: 'p' }] });
  for (let batch = 0; batch < 6; batch++) {
    if (killBefore.includes(batch)) process.kill(supervisor.pid!, 'SIGKILL');
    await supervisor.send(batchOf(batch));
    if (batch === 1) await supervisor.send({ type: 'snapshot' });
  }
  await supervisor.send({ type: 'finish' });
  await supervisor.settled();
  await supervisor.close();
  return { results, parks, notices, dones, tookMs: performance.now() - beganAt };
}

const of = ({ results }: Outcome, ...rules: string[]): string[] =>
  results.filter((text) => rules.some((rule) => text.includes(` ${rule} `))).toSorted();

const calm = await run(evilPlan(''), {});
const stuck = await run(evilPlan(ENDLESS), {});

function checkInnocents(outcome: Outcome, ...rules: string[]): void {
  for (const rule of rules) assert.deepEqual(of(outcome, rule), of(calm, rule), rule);
  assert.equal(outcome.dones, calm.dones);
}

test('a rule that does not come back is parked at its event; the others lose nothing, and get nothing twice', () => {
  const outcome = stuck;
  checkInnocents(outcome, 'innocent', 'windows', 'each');
  assert.deepEqual(
    outcome.parks.map(({ rule, clause, from, reason, event }) => [
      rule,
      clause,
      from,
      reason.limit,
      event?.number,
    ]),
    [
      [
        'culprit',
        'FILTER',
        { source: 's', partition: 'p', number: FATAL, isAfter: false },
        'stuck',
        FATAL,
      ],
    ],
  );
  // What it gave before the event is given.
  const before = of(calm, 'culprit').length;
  const given = of(outcome, 'culprit');
  assert.ok(given.length > 30 && given.length < before, `${given.length} of ${before}`);
  assert.equal(new Set(given).size, given.length);
  assert.match(outcome.notices.join(), /"culprit": its FILTER did not come back/);
});

test('killed on top of that, before and after, the rule stays parked where it was', async () => {
  const killed = await run(evilPlan(ENDLESS), {}, [1, 4]);
  checkInnocents(killed, 'innocent', 'windows', 'each');
  assert.deepEqual(of(killed, 'culprit'), of(stuck, 'culprit'));
  assert.deepEqual(killed.parks, stuck.parks);
});

test('HAVING that does not come back is parked between records and time', async () => {
  const outcome = await run(evilWindows(ENDLESS), {});
  checkInnocents(outcome, 'innocent', 'each', 'culprit');
  assert.equal(outcome.parks.length, 1);
  assert.equal(outcome.parks[0]!.rule, 'windows');
  assert.equal(outcome.parks[0]!.from?.isAfter, true);
});

test('a bomb that ends the process is found by asking again, one call at a time', async () => {
  const limits = { heapMaxBytes: 64 * 1024 * 1024, stuckMs: 60_000 };
  const outcome = await run(evilPlan(BOMB), limits);
  checkInnocents(outcome, 'innocent', 'windows', 'each');
  assert.deepEqual(
    outcome.parks.map(({ rule, reason, from }) => [rule, reason.limit, from?.number]),
    [['culprit', 'memory', FATAL]],
  );
  assert.equal(outcome.notices.length, 2);
});

test('a bomb is stopped by the memory that it takes, before the heap is full', async () => {
  const limits = { memoryMaxBytes: 300 * 1024 * 1024, stuckMs: 60_000 };
  const outcome = await run(evilPlan(BOMB), limits);
  checkInnocents(outcome, 'innocent', 'windows', 'each');
  assert.deepEqual(
    outcome.parks.map(({ rule, reason }) => [rule, reason.limit]),
    [['culprit', 'memory']],
  );
  assert.equal(outcome.notices.length, 1);
});

test('an engine process may read its own modules and nothing else, write nothing and start nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-test-'));
  const file = join(folder, 'attempt.mjs');
  writeFileSync(
    file,
    `import fs from 'node:fs'; import { spawnSync } from 'node:child_process';
const codes = [() => fs.readFileSync('/etc/passwd'), () => fs.writeFileSync(${JSON.stringify(join(folder, 'x'))}, ''),
  () => spawnSync('true'), () => eval('1')].map((attempt) => { try { attempt(); return 'allowed'; } catch (error) { return error.code ?? error.name; } });
process.stdout.write(JSON.stringify([codes, Object.keys(process.env)]));`,
  );
  const { stdout } = spawnSync(process.execPath, argumentsOf(file, {}), { env: {} });
  rmSync(folder, { recursive: true });
  assert.deepEqual(JSON.parse(String(stdout)), [
    ['ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED', 'EvalError'],
    [],
  ]);
});

test('what the clock has parked stays parked through a restart, and is said once', async () => {
  const sources = {
    ...SOURCES,
    limits: {
      all: {},
      tenants: [],
      rules: [{ id: 'culprit', limits: { cpuMs: 20, steps: 2 ** 31 - 1 } }],
    },
  };
  const slow = RULES.replace(
    'event.n % 7 == 0',
    `event => {
  let sum = 0;
  if (event.n == ${FATAL}) for (let i = 0; i < 1000000000; i++) sum = sum + i;
  return event.n % 7 == 0;
}`,
  );
  const { plan, diagnostics } = compile([{ name: 'r.weir', text: slow }], { sources });
  assert.deepEqual(diagnostics, []);
  const outcome = await run(plan, {}, [4, 5], sources);
  checkInnocents(outcome, 'innocent', 'windows', 'each');
  assert.deepEqual(
    outcome.parks.map(({ rule, reason, from }) => [rule, reason.limit, from?.number]),
    [['culprit', 'cpu', FATAL]],
  );
  assert.deepEqual(of(outcome, 'culprit').length, of(stuck, 'culprit').length);
});

test('who is stuck after the clock has parked another is parked at its own event', async () => {
  const sources = {
    ...SOURCES,
    limits: {
      all: {},
      tenants: [],
      rules: [{ id: 'each', limits: { cpuMs: 20, steps: 2 ** 31 - 1 } }],
    },
  };
  const slow = `event => {
  let sum = 0;
  if (event.n == 220) for (let i = 0; i < 1000000000; i++) sum = sum + i;
  return event.n % 10 == 0;
}`;
  const text = RULES.replace('event.n % 10 == 0', slow);
  const { plan } = compile([{ name: 'r.weir', text }], { sources });
  const each = plan.rules.find(({ id }) => id === 'each')!;
  const evil = evilPlan(ENDLESS);
  const later = (filter: CodePlan): CodePlan => ({
    ...filter,
    source: filter.source.replace(`=== ${FATAL}`, '=== 350'),
  });
  const rules = evil.rules.map((rule) => {
    if (rule.id === 'each') return each;
    return rule.id === 'culprit' ? { ...rule, filter: later(rule.filter!) } : rule;
  });
  for (const killBefore of [[], [4]]) {
    const outcome = await run({ ...evil, rules }, {}, killBefore, sources);
    checkInnocents(outcome, 'innocent', 'windows');
    assert.deepEqual(
      outcome.parks.map(({ rule, reason, from }) => [rule, reason.limit, from?.number]),
      [
        ['each', 'cpu', 220],
        ['culprit', 'stuck', 350],
      ],
    );
    assert.equal(outcome.notices.length, 1 + killBefore.length, outcome.notices.join('\n'));
  }
});
