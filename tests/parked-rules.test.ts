// Rules that break limits, in random cases: who is parked, where, what the others and the checkpoints know of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LimitBroken } from '../packages/core/src/functions/budget.ts';
import type { Host, Park, ParkFrame, ReleaseFrame } from '../packages/core/src/frames.ts';
import { compile } from '../packages/core/src/language/compile.ts';
import type { Json } from '../packages/core/src/plan/json.ts';
import type { LimitsPlan, LimitValues } from '../packages/core/src/plan/limits-plan.ts';
import { readerMark, type EventReader } from '../packages/core/src/plan/event-reader.ts';
import type { SourcePlan } from '../packages/core/src/plan/source-plan.ts';
import type { ResultChange } from '../packages/core/src/plan/result.ts';
import { makeHost } from '../packages/runtime/src/realm.ts';
import { ALONE, Cluster } from './engine/cluster.ts';
import { firstDifference } from './engine/first-difference.ts';
import { randomCase, type RandomCase } from './engine/random-case.ts';
import { Random } from './engine/random.ts';
import { changesOf, deliver, type Cuts } from './engine/run-engine.ts';
import { BASE, SOURCES } from './sequences/run-rule.ts';

const CASES = Number(process.env['WEIR_CASES'] ?? 300);
const FIRST_SEED = Number(process.env['WEIR_SEED'] ?? 1);

type Code = (first: unknown, second: unknown) => unknown;

function hashOf(text: string): number {
  let hash = 17;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** What code was given, as text. */
function textOf(input: unknown, slots: readonly number[]): string {
  if (typeof input !== 'object' || input === null) return String(input);
  if (readerMark in input)
    return JSON.stringify(slots.map((slot) => (input as EventReader).get(slot) ?? null));
  return Object.values(input)
    .map((value) => textOf(value, slots))
    .join();
}

/** A host whose rules break a limit now and then: where, depends on their code and on what it is given, and on nothing else. */
function breakingHost(seed: number): Host {
  const { compile } = makeHost();
  return {
    compile: (source) => {
      const make = compile(source) as (library: unknown, slots: Int32Array) => Code;
      const isBreaking = hashOf(`${seed}${source}`) % 4 !== 0;
      return (library: unknown, slots: Int32Array): Code => {
        const code = make(library, slots);
        if (!isBreaking) return code;
        const own = [...slots];
        return (first, second) => {
          const text = `${seed}${source}${textOf(first, own)}${textOf(second, own)}`;
          if (hashOf(text) % 20 === 0) throw new LimitBroken('steps', 'the test says so');
          return code(first, second);
        };
      };
    },
  };
}

const batchesOf = (size: number, restore: Cuts['restore'], bounds = ALONE): Cuts => ({
  batchOf: () => size,
  bounds,
  restore,
});

function run(
  { compiled: { plan }, sources, lists, deliveries }: RandomCase,
  cuts: Cuts,
  host?: Host,
  parks: readonly Park[] = [],
): Cluster {
  const cluster = new Cluster(changesOf({ plan, sources, lists }), cuts.bounds, host);
  for (const { rule, reason, from } of parks)
    cluster.order({ type: 'park', rules: [rule], reason, from });
  deliver(cluster, deliveries, cuts);
  return cluster;
}

const textsOf = (changes: readonly ResultChange[], rules: ReadonlySet<string>): string[] =>
  changes.filter(({ result }) => rules.has(result.rule)).map((change) => JSON.stringify(change));

/** Keys that are due at once come in any order; what is in the end does not depend on it. */
const finalsOf = (changes: readonly ResultChange[], rules: ReadonlySet<string>): string[] =>
  changes
    .filter(({ change, result }) => change === 'final' && rules.has(result.rule))
    .map(({ result }) => JSON.stringify(result))
    .toSorted();

const placesOf = ({ parks }: Cluster): string[] =>
  parks.map(({ rule, from, reason: { limit } }) => JSON.stringify([rule, from, limit])).toSorted();

function assertSame(found: readonly string[], expected: readonly string[], what: string): void {
  assert.equal(firstDifference(found, expected), '', what);
}

function checkCase(seed: number): { parks: number; behind: number; waiting: number } {
  const random = new Random(seed);
  const one = randomCase(random);
  const say = (what: string): string => `seed ${seed}, ${what}:\n${one.text}`;
  const size = random.of([1, 3, 100]);
  const whole = batchesOf(size, () => null);
  const broken = run(one, whole, breakingHost(seed));
  const { parks } = broken;
  if (parks.length === 0) return { parks: 0, behind: 0, waiting: 0 };
  const calm = run(one, whole);
  const ids = new Set(one.compiled.plan.rules.map(({ id }) => id));
  const parked = new Set(parks.map(({ rule }) => rule));
  const innocent = new Set([...ids].filter((id) => !parked.has(id)));

  // The others give what they give without it, in the same order.
  const expected = textsOf(calm.results, innocent);
  assertSame(textsOf(broken.results, innocent), expected, say('innocent rules'));

  // Told of the parks, and nothing else, a replay gives the same.
  const replayed = run(one, whole, undefined, parks);
  assertSame(placesOf(replayed), placesOf(broken), say('places of a replay'));
  const isBehind = (rule: string): boolean =>
    parks.some((park) => park.rule === rule && park.from?.isAfter !== false);
  const exact = new Set([...ids].filter((id) => !isBehind(id)));
  const given = textsOf(broken.results, exact);
  assertSame(textsOf(replayed.results, exact), given, say('replay'));
  // What was looked at before the limit broke, as time moved, was given; a replay parks before time moves.
  const [more, less] = [broken, replayed].map(({ results }) => textsOf(results, parked));
  assertSame(
    less!.filter((text) => !more!.includes(text)),
    [],
    say('nothing new in a replay'),
  );

  // Restored anywhere, the same rules are parked at the same places.
  const cut = batchesOf(size, () => (random.chance(0.4) ? ALONE : null));
  const restored = run(one, cut, breakingHost(seed));
  assertSame(placesOf(restored), placesOf(broken), say('places after restores'));
  assertSame(
    finalsOf(restored.results, innocent),
    finalsOf(calm.results, innocent),
    say('innocent rules after restores'),
  );
  const orders = run(one, cut, undefined, parks);
  assertSame(placesOf(orders), placesOf(broken), say('orders in checkpoints'));

  // In several parts others hear of a park late; who is innocent does not notice.
  const parts = run(
    one,
    batchesOf(size, () => null, [0, 30, 128]),
    breakingHost(seed),
  );
  const still = new Set([...innocent].filter((id) => !parts.parks.some(({ rule }) => rule === id)));
  assertSame(finalsOf(parts.results, still), finalsOf(calm.results, still), say('parts'));
  return {
    parks: parks.length,
    behind: parks.filter(({ from }) => from?.isAfter).length,
    waiting: parks.filter(({ reason }) => reason.limit === 'level').length,
  };
}

test(`${CASES} random cases with rules that break limits: innocents unharmed, places exact, replays and restores alike`, () => {
  const sums = { parks: 0, behind: 0, waiting: 0 };
  for (let i = 0; i < CASES; i++) {
    const found = checkCase(FIRST_SEED + i);
    sums.parks += found.parks;
    sums.behind += found.behind;
    sums.waiting += found.waiting;
  }
  if (CASES < 300) return;
  // The cases are worth something: parks of events, of windows, of rules that read others.
  assert.ok(sums.parks > CASES / 4, JSON.stringify(sums));
  assert.ok(sums.behind > CASES / 20 && sums.waiting > CASES / 50, JSON.stringify(sums));
});

const number = { next: 0 };

interface Opening {
  readonly bounds?: readonly number[];
  readonly limits?: LimitsPlan;
  readonly host?: Partial<Host>;
  readonly tenant?: SourcePlan['tenant'];
}

function open(text: string, { bounds = ALONE, limits, host, tenant }: Opening = {}): Cluster {
  const source = { ...SOURCES.sources[0]!, ...(tenant === undefined ? {} : { tenant }) };
  const sources = { ...SOURCES, sources: [source], ...(limits === undefined ? {} : { limits }) };
  const { plan, diagnostics } = compile([{ name: 'parks.weir', text }], { sources });
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  const cluster = new Cluster(changesOf({ plan, sources, lists: [] }), bounds, {
    ...makeHost(),
    ...host,
  });
  cluster.start([{ source: 'events', partition: 'p' }]);
  number.next = 0;
  return cluster;
}

function give(cluster: Cluster, ...events: (readonly [seconds: number, fields: object])[]): void {
  cluster.batch(
    events.map(([seconds, fields]) => ({
      source: 'events',
      partition: 'p',
      number: number.next++,
      arrivedAt: Number.NaN,
      record: JSON.stringify({ user: 'u', ...fields, at_ms: BASE + seconds * 1000 }),
    })),
  );
}

const park = (...rules: string[]): ParkFrame => ({
  type: 'park',
  rules,
  reason: { limit: 'asked', message: 'by hand' },
  from: null,
});
const release = (...rules: string[]): ReleaseFrame => ({ type: 'release', rules, from: null });
const shown = ({ results }: Cluster): string[] =>
  results.map(({ change, result }) => `${result.rule} ${change} ${result.count}`);
const parkedOf = ({ rules }: Cluster): string[] =>
  rules.filter(({ parked }) => parked).map(({ rule }) => rule);

const BURST = `RULE "burst" SOURCES $source = 'events' AGGREGATE BY user WITHIN 10:min HAVING count() >= 2
RULE "above" SOURCES $rule = 'burst' AGGREGATE BY user WITHIN 1:hour HAVING count() >= 1
RULE "top" SOURCES $rule = 'above' AGGREGATE BY user WITHIN 2:hour HAVING count() >= 1
RULE "beside" SOURCES $source = 'events' FILTER event.n > 0`;

for (const bounds of [ALONE, [0, 50, 128]])
  test(`what a parked rule holds stays as it is, and goes on when it is released (${bounds.length - 1} parts)`, () => {
    const cluster = open(BURST, { bounds });
    give(cluster, [0, {}], [1, {}]);
    assert.deepEqual(shown(cluster), ['burst open 2', 'above open 1', 'top open 1']);
    cluster.order(park('burst'));
    assert.deepEqual(parkedOf(cluster), ['burst', 'above', 'top']);
    give(cluster, [2, {}], [3, { n: 1 }]);
    give(cluster, [3600, {}]);
    cluster.restoreOnto(bounds);
    cluster.tick(BASE + 4_000_000);
    assert.deepEqual(parkedOf(cluster), ['burst', 'above', 'top']);
    assert.deepEqual(shown(cluster).slice(3), ['beside final 1']);
    cluster.order(release('burst'));
    assert.deepEqual(parkedOf(cluster), []);
    cluster.finish();
    assert.deepEqual(shown(cluster).slice(4).toSorted(), [
      'above final 1',
      'burst final 2',
      'top final 1',
    ]);
  });

test('a new version of a parked rule sees events, and who waited for the old one waits no more', () => {
  const cluster = open(BURST);
  give(cluster, [0, {}]);
  cluster.order(park('burst'));
  const { plan } = compile([{ name: 'parks.weir', text: BURST.replace('>= 2', '>= 3') }], {
    sources: SOURCES,
  });
  cluster.edit(plan, null);
  assert.deepEqual(
    cluster.rules.map(({ rule, parked }) => [rule, parked]),
    [
      ['burst', true],
      ['above', false],
      ['top', false],
      ['beside', false],
      ['burst', false],
    ],
  );
  give(cluster, [1, {}], [2, {}]);
  cluster.finish();
  assert.ok(shown(cluster).includes('burst final 3'), shown(cluster).join());
  assert.ok(shown(cluster).includes('above final 1'), shown(cluster).join());
});

test('an old version that is parked holds up nobody who reads the new one', () => {
  const cluster = open(BURST);
  give(cluster, [0, {}], [1, {}]);
  const { plan } = compile([{ name: 'parks.weir', text: BURST.replace('>= 2', '>= 3') }], {
    sources: SOURCES,
  });
  cluster.edit(plan, null);
  give(cluster, [2, {}]);
  cluster.order(park('burst'));
  const [, newest] = cluster.rules.filter(({ rule }) => rule === 'burst');
  assert.equal(newest!.parked, true);
  cluster.edit(
    compile([{ name: 'parks.weir', text: BURST.replace('>= 2', '>= 1') }], { sources: SOURCES })
      .plan,
    null,
  );
  give(cluster, [3600, {}]);
  cluster.tick(BASE + 9_000_000);
  give(cluster, [20_000, {}]);
  cluster.finish();
  assert.ok(shown(cluster).includes('top final 1'), shown(cluster).join());
});

test('a rule that fails now and then is flagged by any of its clauses, and parked by none', () => {
  const cluster =
    open(`RULE "having" SOURCES $source = 'events' AGGREGATE BY n WITHIN 1:sec, 1:sec HAVING events => { throw 'no'; }
RULE "sink" SOURCES $source = 'events' SINK event => { throw 'no'; }
RULE "fine" SOURCES $source = 'events' SINK event => ({ x: 1 })`);
  give(cluster, [0, { n: 1 }], [10, { n: 2 }], [20, { n: 3 }]);
  cluster.finish();
  assert.deepEqual(
    cluster.rules.map(({ rule, flagged, parked }) => [rule, flagged, parked]),
    [
      ['having', true, false],
      ['sink', true, false],
      ['fine', false, false],
    ],
  );
});

const ROUNDS = `RULE "rounds" SOURCES $source = 'events' FILTER event => {
  let n = 0;
  for (let i = 0; i < event.rounds; i++) n = n + 1;
  return n > 3;
}
RULE "fine" SOURCES $source = 'events' FILTER event.rounds > 3`;
const limitsOf = (all: LimitValues, more: Partial<LimitsPlan> = {}): LimitsPlan => ({
  all,
  tenants: [],
  rules: [],
  ...more,
});
const parksOf = ({ parks }: Cluster): unknown[] =>
  parks.map(({ rule, reason, clause, event }) => [rule, reason.limit, clause, event?.number]);

test('a rule that takes too many steps is parked at that event; the others go on with it', () => {
  const cluster = open(ROUNDS, { limits: limitsOf({ steps: 1000 }) });
  give(cluster, [0, { rounds: 5 }], [1, { rounds: 5000 }], [2, { rounds: 6 }]);
  cluster.finish();
  assert.deepEqual(parksOf(cluster), [['rounds', 'steps', 'FILTER', 1]]);
  assert.deepEqual(shown(cluster), [
    'rounds final 1',
    'fine final 1',
    'fine final 1',
    'fine final 1',
  ]);
  const { matched, filterCalls, parked, flagged } = cluster.rules[0]!;
  // The call that parked it is none of those that it saw.
  assert.deepEqual([matched, filterCalls, parked, flagged], [1, 1, true, false]);
});

test('limits of a rule win over those of the tenant of its events, and these over those for all', () => {
  const limits = limitsOf(
    { steps: 1000 },
    { tenants: [{ name: 'small', limits: { steps: 100 } }] },
  );
  const tenant = { kind: 'field', path: ['tenant'] } as const;
  const events = [
    [0, { rounds: 500, tenant: 'big' }],
    [1, { rounds: 500, tenant: 'small' }],
  ] as const;
  const one = open(ROUNDS, { limits, tenant });
  give(one, ...events);
  assert.deepEqual(parksOf(one), [['rounds', 'steps', 'FILTER', 1]]);
  const rules = [{ id: 'rounds', limits: { steps: 10_000 } }];
  const other = open(ROUNDS, { limits: { ...limits, rules }, tenant });
  give(other, ...events, [2, { rounds: 50_000, tenant: 'big' }]);
  assert.deepEqual(parksOf(other), [['rounds', 'steps', 'FILTER', 2]]);
});

test('HAVING that breaks a limit leaves what is open as it is, and gives nothing of the look in which it broke', () => {
  const cluster = open(
    `RULE "windows" SOURCES $source = 'events' AGGREGATE BY user WITHIN 10:sec, 10:sec HAVING events => {
  let n = 0;
  for (const event of events) for (let i = 0; i < event.rounds; i++) n = n + 1;
  return n > 0;
}`,
    { limits: limitsOf({ steps: 1000 }) },
  );
  give(cluster, [0, { rounds: 5 }], [25, {}]);
  assert.deepEqual(shown(cluster), ['windows final 1']);
  give(cluster, [30, { rounds: 5 }], [40, { rounds: 5000 }], [80, {}]);
  cluster.finish();
  assert.deepEqual(parksOf(cluster), [['windows', 'steps', 'HAVING', 4]]);
  assert.equal(cluster.parks[0]!.from?.isAfter, true);
  assert.deepEqual(shown(cluster), ['windows final 1']);
});

test('what a clock has parked, a replay without a clock is told, and gives the same', () => {
  let cpuMs = 0;
  const limits = limitsOf({ cpuMs: 10, steps: 1_000_000 });
  const events = [
    [0, { rounds: 5 }],
    [1, { rounds: 100_000 }],
    [2, { rounds: 7 }],
  ] as const;
  const timed = open(ROUNDS, { limits, host: { cpuNow: () => (cpuMs += 1) } });
  give(timed, ...events);
  timed.finish();
  assert.deepEqual(parksOf(timed), [['rounds', 'cpu', 'FILTER', 1]]);
  const replay = open(ROUNDS, { limits });
  const [{ reason, from, rule }] = timed.parks as [Park];
  replay.order({ type: 'park', rules: [rule], reason, clause: 'FILTER', from });
  give(replay, ...events);
  replay.finish();
  assert.deepEqual(replay.results, timed.results);
  const parks = replay.parks.map(({ isOrdered, ...park }) => {
    assert.equal(isOrdered, true);
    return park;
  });
  assert.deepEqual(parks, timed.parks);
  const told = (cluster: Cluster): unknown =>
    cluster.rules.map(({ cpuMs: _cpuMs, calls: _calls, ...counts }) => counts);
  assert.deepEqual(told(replay), told(timed));
});

test('a rule that uses more than its share of a minute is parked before the next batch, and can be released', () => {
  let nowMs = 0;
  const limits = limitsOf({}, { rules: [{ id: 'rounds', limits: { cpuShare: 0.005 } }] });
  // Each call takes 5 ms by this clock: 60 of them are half a hundredth of a minute.
  const cluster = open(ROUNDS, { limits, host: { now: () => nowMs, cpuNow: () => (nowMs += 5) } });
  for (let i = 0; i < 200 && cluster.parks.length === 0; i++) give(cluster, [i, { rounds: 5 }]);
  assert.deepEqual(parksOf(cluster), [['rounds', 'cpu share', null, undefined]]);
  const { calls, cpuMs } = cluster.rules[0]!;
  assert.ok(calls > 55 && calls < 65 && cpuMs > 300 && cpuMs < 320, `${calls} calls, ${cpuMs} ms`);
  cluster.order(release('rounds'));
  nowMs += 61_000;
  give(cluster, [300, { rounds: 5 }]);
  assert.equal(cluster.rules[0]!.parked, false);
});

const KEEPS = `RULE "keeps" SOURCES $source = 'events' AGGREGATE BY deep WITHIN 1:min HAVING distinct(deep) >= 1
RULE "rows" SOURCES $source = 'events' AGGREGATE BY user WITHIN 1:min HAVING events => events.length > 2 && {
  types: events.map((event) => typeof event.deep), names: events.map((event) => Object.keys(event).length > 1)
}`;

test('an event that is nested deeply, or long, parks no rule that only keeps it', () => {
  let deep: Json = 'x'.repeat(300_000);
  for (let i = 0; i < 100; i++) deep = { deep };
  const cluster = open(KEEPS);
  give(cluster, [0, { user: 'a', deep: 1 }], [1, { user: 'a', deep }], [2, { user: 'a', deep: 2 }]);
  cluster.finish();
  assert.deepEqual(parksOf(cluster), []);
  assert.equal(shown(cluster).filter((one) => one.startsWith('keeps final')).length, 3);
  const rows = cluster.results.filter(({ result }) => result.rule === 'rows').at(-1);
  assert.deepEqual(rows?.result.fields, {
    types: ['number', 'object', 'number'],
    names: [true, true, true],
  });
});

test('what code gives for a key, and is too large, is an error of that event and parks nobody', () => {
  const window = 'WITHIN 1:min HAVING';
  const cluster =
    open(`RULE "key" SOURCES $source = 'events' AGGREGATE BY k = event.user.repeat(300000) ${window} count() >= 1
RULE "value" SOURCES $source = 'events' AGGREGATE BY user ${window} distinct(event.user.repeat(300000)) >= 1
RULE "either" SOURCES $source = 'events' AGGREGATE BY k = event.deep ?? event.user ${window} count() >= 1
RULE "function" SOURCES $source = 'events' AGGREGATE BY k = (event) => () => 1 ${window} count() >= 1`);
  let deep: Json = 1;
  for (let i = 0; i < 20; i++) deep = { deep };
  give(cluster, [0, { user: 'a', deep }], [1, { user: 'b' }]);
  cluster.finish();
  assert.deepEqual(parksOf(cluster), []);
  assert.deepEqual(
    cluster.rules.map(({ flagged }) => flagged),
    [true, true, true, true],
  );
  assert.deepEqual(
    shown(cluster).filter((one) => one.includes(' final')),
    ['either final 1'],
  );
});

test('what SINK does for all results of a window is bounded as one call is', () => {
  const sinkOf = (
    rounds: number,
  ): string => `SOURCES $source = 'events' AGGREGATE BY user WITHIN 1:min
HAVING events => { const all = []; for (let i = 0; i < 2000; i++) all.push({ i }); return all; }
SINK event => { let n = 0; for (let i = 0; i < ${rounds}; i++) n += i; return { n }; }`;
  const cluster = open(`RULE "dear" ${sinkOf(50_000)}\nRULE "cheap" ${sinkOf(10)}`);
  give(cluster, [0, {}]);
  cluster.finish();
  assert.deepEqual(
    cluster.parks.map(({ rule, reason, clause }) => [rule, reason.limit, clause]),
    [['dear', 'steps', 'SINK']],
  );
  assert.equal(shown(cluster).filter((one) => one.startsWith('cheap final')).length, 2000);
});

test('what another rule has used is not charged to a SINK that uses nothing', () => {
  const cluster = open(`RULE "busy" SOURCES $source = 'events' FILTER event => {
  let n = 0; for (let i = 0; i < 60000; i++) n++; return n < 0;
}
RULE "light" SOURCES $source = 'events' AGGREGATE BY user WITHIN 10:s HAVING events => [{ n: 1 }, { n: 2 }, { n: 3 }] SINK ({ seen: true })`);
  for (let i = 0; i < 5; i++) give(cluster, [i * 10, {}]);
  cluster.finish();
  assert.deepEqual(parksOf(cluster), []);
  assert.equal(shown(cluster).filter((one) => one.startsWith('light final')).length, 15);
});

test('lists that are gone through together give no more keys than an engine can hold', () => {
  const keys = ['a', 'b', 'c', 'd'].map((name) => `EACH ${name} = event.list`).join(', ');
  const cluster = open(
    `RULE "each" SOURCES $source = 'events' AGGREGATE BY ${keys} WITHIN 1:min HAVING count() >= 1`,
  );
  give(cluster, [0, { list: Array.from({ length: 100 }, (_, i) => `v${i}`) }]);
  cluster.finish();
  assert.equal(shown(cluster).filter((one) => one.includes('final')).length, 1000);
});

test('what JavaScript itself throws in a rule is told in its words', () => {
  const cluster =
    open(`RULE "writes" SOURCES $source = 'events' SINK event => { const a = b; const b = 1; return a; }
RULE "objects" SOURCES $source = 'events' SINK event => { throw { message: 'mine' }; }`);
  give(cluster, [0, {}]);
  cluster.finish();
  const messages = cluster.errors.map(({ message }) => message);
  assert.match(messages[0]!, /before initialization/);
  assert.equal(messages[1], 'the rule threw a value');
});

test('functions of utils that are asked about an event look at what it holds', () => {
  const cluster =
    open(`RULE "utils" SOURCES $source = 'events' AGGREGATE BY user WITHIN 1:min HAVING events => ({
  ready: events.map((event) => utils.anywhere(event, 'evil')),
  found: events.map((event) => utils.findAnywhere(event, 'ev+il')),
  first: utils.anywhere(events[0], 'evil'),
  asked: events.map((event) => utils.anywhere(event, event.word)),
  fields: events.map((event) => utils.length(event) > 2)
})`);
  give(cluster, [0, { name: 'an evil one', word: 'evil' }], [1, { name: 'good', word: 'evil2' }]);
  cluster.finish();
  assert.deepEqual(cluster.results.at(-1)?.result.fields, {
    ready: [true, true],
    found: [true, true],
    first: true,
    asked: [true, true],
    fields: [true, true],
  });
});

test('events that a function takes in a list of the rest are read as events', () => {
  const cluster =
    open(`RULE "rest" SOURCES $source = 'events' AGGREGATE BY user WITHIN 1:min HAVING events => ({
  users: events.map((event, ...rest) => rest[1][0].user)
})`);
  give(cluster, [0, { user: 'a' }]);
  cluster.finish();
  assert.deepEqual(cluster.results.at(-1)?.result.fields, { users: ['a'] });
});
