// Rules that are parked in the midst of a run and caught up by lanes, with real engine processes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '@weir/core/language/compile.ts';
import { noSources } from '@weir/core/language/config/config.ts';
import { defaultSource } from '@weir/core/plan/source-plan.ts';
import type {
  BatchFrame,
  Change,
  FrameFromEngine,
  LimitsPlan,
  Park,
  ParkFrame,
  Plan,
  RuleCounts,
} from '@weir/core';
import { Lanes } from './lanes.ts';
import { Supervisor } from './supervisor.ts';

const SOURCES = {
  ...noSources,
  sources: [{ ...defaultSource, name: 's', time: { paths: [['t']], format: null, zone: 'UTC' } }],
};
const planOf = (rules: string): Plan =>
  compile([{ name: 'r.weir', text: rules }], { sources: SOURCES }).plan;
const MANY = `RULE "many" SOURCES $source = 's' AGGREGATE BY u WITHIN 10:sec HAVING count() >= 3`;
const EACH = `RULE "each" SOURCES $source = 's' FILTER event.n % 100 == 0`;
const PLAN = planOf(`${MANY}
${EACH}
RULE "often" SOURCES $rule = 'many' AGGREGATE BY u WITHIN 1:min HAVING count() >= 2
RULE "pairs" SOURCES $source = 's' SEQUENCE BY u WITHIN 20:sec STEP a FILTER event.n % 7 == 0 STEP b FILTER event.n % 11 == 0`);

const BATCHES = 19;

function batchOf(batch: number): BatchFrame {
  const records = Array.from({ length: 60 }, (_, i) => {
    const n = batch * 60 + i;
    return JSON.stringify({ t: 1_700_000_000_000 + n * 400, u: `u${n % 5}`, n });
  });
  const starts = new Int32Array(records.length);
  records.forEach(
    (_, i) => (starts[i] = i === 0 ? 0 : starts[i - 1]! + records[i - 1]!.length + 1),
  );
  return {
    type: 'batch',
    source: 's',
    partition: 'p',
    numbers: Float64Array.from(records, (_, i) => batch * 60 + i + 1),
    arrivedAt: new Float64Array(records.length).fill(Number.NaN),
    starts,
    lengths: Int32Array.from(records, ({ length }) => length),
    bytes: new TextEncoder().encode(records.join('\n')),
  };
}

interface Disturbance {
  readonly supervisor: Supervisor;
  readonly lanes: Lanes;
  readonly batch: number;
  readonly park: (rules: readonly string[], limit: 'asked' | 'deferred') => Promise<void>;
}

interface Ran {
  /** All that was given, one text each. */
  readonly given: string[];
  readonly parked: Park[];
  readonly caughtUp: string[];
  readonly lost: string[];
  readonly results: Map<string, number>;
}

async function run(options: {
  readonly disturb: (disturbance: Disturbance) => Promise<void>;
  readonly canReadAgain?: boolean;
  readonly plan?: Plan;
  readonly recordingMaxBytes?: number;
  readonly ordered?: readonly ParkFrame[];
  readonly limits?: LimitsPlan;
}): Promise<Ran> {
  const { disturb, canReadAgain = false, plan = PLAN, ordered = [], limits } = options;
  const changes: Change[] = [
    { kind: 'sources', sources: limits === undefined ? SOURCES : { ...SOURCES, limits } },
    { kind: 'rules', plan },
  ];
  const ran: Ran = { given: [], parked: [], caughtUp: [], lost: [], results: new Map() };
  const take = (frame: FrameFromEngine): void => {
    if (frame.type !== 'results' && frame.type !== 'alerts') return;
    for (const change of frame.changes) ran.given.push(JSON.stringify(change));
  };
  let counts: readonly RuleCounts[] = [];
  const supervisor: Supervisor = new Supervisor({
    changes,
    onFrame: (frame) => {
      take(frame);
      lanes.take(frame);
      if (frame.type === 'done') counts = frame.counts.rules;
    },
    onNotice: () => {},
    parks: ordered,
    ...(options.recordingMaxBytes === undefined
      ? {}
      : { recordingMaxBytes: options.recordingMaxBytes }),
  });
  const lanes: Lanes = new Lanes({
    main: supervisor,
    changes,
    plan,
    ordered,
    isReleasable: true,
    onFrame: take,
    onParked: (parks) => ran.parked.push(...parks),
    onCaughtUp: (rules) => ran.caughtUp.push(...rules),
    onLost: (rules, why) => ran.lost.push(`${rules.join(' ')}: ${why}`),
    onNotice: () => {},
    refillHere: () => null,
  });
  const park = async (rules: readonly string[], limit: 'asked' | 'deferred'): Promise<void> =>
    supervisor.send({
      type: 'park',
      rules,
      reason: { limit, message: 'for the test' },
      from: null,
    });
  await supervisor.start();
  await supervisor.send({ type: 'start', partitions: [{ source: 's', partition: 'p' }] });
  for (let batch = 0; batch < BATCHES; batch++) {
    await disturb({ supervisor, lanes, batch, park });
    await supervisor.send(
      batchOf(batch),
      canReadAgain ? () => Promise.resolve(batchOf(batch)) : null,
    );
    if (batch % 6 === 5) await supervisor.send({ type: 'snapshot' });
  }
  await supervisor.send({ type: 'finish' });
  await supervisor.settled();
  await lanes.finish();
  await supervisor.close();
  for (const { rule, results } of lanes.counted(counts)) ran.results.set(rule, results);
  return ran;
}

const undisturbed = await run({ disturb: async () => {} });

function assertSame(ran: Ran): void {
  assert.deepEqual(ran.lost, []);
  assert.equal(difference(ran.given, undisturbed.given), '');
  // What is counted of a rule, its lane has counted.
  assert.deepEqual(ran.results, undisturbed.results);
}

/** What one has and the other has not, in a few words; between results there is no order. */
function difference(actual: readonly string[], expected: readonly string[]): string {
  const surplus = new Map<string, number>();
  for (const text of actual) surplus.set(text, (surplus.get(text) ?? 0) + 1);
  for (const text of expected) surplus.set(text, (surplus.get(text) ?? 0) - 1);
  const wrong = [...surplus].filter(([, number]) => number !== 0);
  return wrong
    .map(([text, number]) => `${number} × ${text.slice(0, 200)}`)
    .slice(0, 5)
    .join('\n');
}

test('a rule that is deferred in the midst is caught up, and gives what it would have given, once', async () => {
  assert.ok(undisturbed.given.length > 200);
  for (const [at, rule] of [
    [0, 'many'],
    [13, 'pairs'],
  ] as const) {
    const ran = await run({
      canReadAgain: at % 2 === 0,
      disturb: async ({ batch, park }) => (batch === at ? park([rule], 'deferred') : undefined),
    });
    assertSame(ran);
    const rules = rule === 'many' ? ['many', 'often'] : ['pairs'];
    assert.deepEqual(ran.parked.map((one) => one.rule).toSorted(), rules);
    assert.deepEqual(ran.caughtUp.toSorted(), rules);
  }
});

test('rules that are parked, and released long after, give what they would have given', async () => {
  const ran = await run({
    disturb: async ({ batch, park, lanes }) => {
      if (batch === 4) await park(['often'], 'asked');
      if (batch === 9) await park(['each', 'pairs'], 'asked');
      if (batch === 15) assert.deepEqual(lanes.release(['often'], PLAN, undefined), ['often']);
      if (batch === 18) assert.equal(lanes.release(['each'], PLAN, undefined).length, 2);
    },
  });
  assertSame(ran);
});

test('a park of an earlier run, which checkpoints know of before it is reached, does not hold in a lane', async () => {
  const from = { source: 's', partition: 'p', number: 555, isAfter: false };
  const reason = { limit: 'cpu', message: 'of another run' } as const;
  const ran = await run({
    ordered: [{ type: 'park', rules: ['many'], reason, from }],
    disturb: async ({ batch, lanes, supervisor }) => {
      if (batch !== 15) return;
      await supervisor.settled();
      assert.equal(lanes.release(['many'], PLAN, undefined).length, 2);
    },
  });
  assertSame(ran);
  assert.deepEqual(
    ran.parked.map(({ rule, event }) => [rule, event?.number]),
    [
      ['many', 555],
      ['often', 555],
    ],
  );
});

const LOOPS = `RULE "loops" SOURCES $source = 's' FILTER (() => { let s = 0; for (let i = 0; i < (event.n == 500 ? 2000 : event.n == 700 ? 20000 : 3); i++) s += i; return s >= 0 && event.n % 2 == 0; })()
AGGREGATE BY u WITHIN 10:sec HAVING count() >= 3`;

test('a rule that breaks its limit again in a lane is parked again, and goes on from there when it is released', async () => {
  const plan = planOf(`${LOOPS}\n${EACH}`);
  const limits = (steps: number): LimitsPlan => ({ all: { steps }, tenants: [], rules: [] });
  const always = await run({ plan, disturb: async () => {}, limits: limits(100_000) });
  const ran = await run({
    plan,
    limits: limits(1000),
    disturb: async ({ batch, lanes, supervisor }) => {
      if (batch !== 10 && batch !== 15) return;
      await supervisor.settled();
      for (let i = 0; i < 400 && lanes.parked.length === 0; i++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      assert.deepEqual(lanes.release(['loops'], plan, limits(batch === 10 ? 10_000 : 100_000)), [
        'loops',
      ]);
    },
  });
  assert.deepEqual(
    ran.parked.map(({ event }) => event?.number),
    [501, 701],
  );
  assert.deepEqual(ran.lost, []);
  assert.ok(always.given.length > 100);
  assert.equal(difference(ran.given, always.given), '');
});

test('a rule that stays parked gives nothing more, and the others lose nothing', async () => {
  const isOfMany = (text: string): boolean => /"rule":"(many|often)"/.test(text);
  const ran = await run({
    disturb: async ({ batch, park }) => (batch === 10 ? park(['many'], 'asked') : undefined),
  });
  const others = (given: readonly string[]): string[] =>
    given.filter((one) => !isOfMany(one)).toSorted();
  assert.equal(difference(others(ran.given), others(undisturbed.given)), '');
  const [some, all] = [ran, undisturbed].map(({ given }) => given.filter(isOfMany).length);
  assert.ok(some! > 10 && some! < all!, `${some} of ${all}`);
});

test('what killed engines had to do again, the main one and the lane’s, is given once', async () => {
  let kills = 0;
  const ran = await run({
    disturb: async ({ batch, park, supervisor, lanes }) => {
      if (batch === 7) await park(['many'], 'deferred');
      if (batch % 5 === 4) process.kill(supervisor.pid!, 'SIGKILL');
      for (const pid of batch === 9 || batch === 16 ? lanes.pids : []) {
        process.kill(pid, 'SIGKILL');
        kills++;
      }
    },
  });
  assert.ok(kills > 0, 'no lane was killed');
  assertSame(ran);
});

test('a parked rule whose new version asks for less is caught up with it', async () => {
  const easier = planOf(MANY.replace('>= 3', '>= 2') + '\n' + EACH);
  const plan = planOf(MANY.replace('>= 3', '>= 9') + '\n' + EACH);
  const always = await run({ disturb: async () => {}, plan: easier });
  const ran = await run({
    plan,
    disturb: async ({ batch, park, lanes, supervisor }) => {
      if (batch === 0) await park(['many'], 'asked');
      if (batch !== 12) return;
      const edited = lanes.edited(easier);
      assert.equal(
        edited.rules[0]!.version,
        plan.rules[0]!.version,
        'the engine keeps what it parked',
      );
      await supervisor.send({ type: 'edit', plan: edited, activeFrom: null });
      assert.deepEqual(lanes.release(['many'], easier, undefined), ['many']);
    },
  });
  const finals = ({ given }: Ran): string[] =>
    given.filter((one) => one.startsWith('{"change":"final"')).toSorted();
  assert.ok(finals(always).length > 30);
  assert.equal(difference(finals(ran), finals(always)), '');
});

test('a rule that was stuck, and killed its engine, is caught up when it is mended', async () => {
  const mended = planOf(`${MANY}\nRULE "sevens" SOURCES $source = 's' FILTER event.n % 7 == 0`);
  const evil =
    '(H, S) => (e) => { const n = e.get(S[0]); if (n === 500) for (;;); return n % 7 === 0; }';
  const plan: Plan = {
    ...mended,
    rules: mended.rules.map((rule) =>
      rule.id === 'sevens'
        ? { ...rule, version: 'evil', filter: { ...rule.filter!, source: evil } }
        : rule,
    ),
  };
  const always = await run({ plan: mended, disturb: async () => {} });
  const ran = await run({
    plan,
    disturb: async ({ batch, lanes, supervisor }) => {
      if (batch !== 12) return;
      await supervisor.send({ type: 'edit', plan: lanes.edited(mended), activeFrom: null });
      await supervisor.settled();
      assert.deepEqual(lanes.release(['sevens'], mended, undefined), ['sevens']);
    },
  });
  assert.deepEqual(
    ran.parked.map(({ reason, event }) => [reason.limit, event?.number]),
    [['stuck', 501]],
  );
  assert.deepEqual(ran.lost, []);
  const withoutVersion = ({ given }: Ran): string[] =>
    given.map((one) => one.replace(/"version":"[^"]*"/, ''));
  assert.equal(difference(withoutVersion(ran), withoutVersion(always)), '');
});

test('a rule that is edited while a lane runs it changes at the same event as it would have in its engine', async () => {
  const plan = planOf(`${MANY}\n${EACH}`);
  const stricter = planOf(`${MANY.replace('>= 3', '>= 5')}\n${EACH}`);
  const edited = (isDeferred: boolean): Promise<Ran> =>
    run({
      plan,
      disturb: async ({ batch, park, lanes, supervisor }) => {
        if (batch === 5 && isDeferred) await park(['many'], 'deferred');
        if (batch !== 12) return;
        await supervisor.send({ type: 'edit', plan: lanes.edited(stricter), activeFrom: null });
        await supervisor.settled();
        lanes.follow(stricter);
      },
    });
  const [deferred, always] = [await edited(true), await edited(false)];
  assert.ok(always.given.some((one) => one.includes(stricter.rules[0]!.version)));
  assert.equal(difference(deferred.given, always.given), '');
});

test('more than may be recorded is said, and the other rules go on', async () => {
  const ran = await run({
    recordingMaxBytes: 20_000,
    disturb: async ({ batch, park, lanes }) => {
      if (batch === 3) await park(['pairs'], 'asked');
      if (batch === 16) lanes.release(['pairs'], PLAN, undefined);
    },
  });
  assert.deepEqual(ran.lost, ['pairs: more came than may be recorded']);
  assert.ok(ran.results.get('each')! > 5);
});
