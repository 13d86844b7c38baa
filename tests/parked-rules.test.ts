// Rules that break limits, in random cases: who is parked, where, what the others and the checkpoints know of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LimitBroken } from '../packages/core/src/functions/budget.ts';
import type { Host, Park, ParkFrame, ReleaseFrame } from '../packages/core/src/frames.ts';
import { compile } from '../packages/core/src/language/compile.ts';
import type { LimitsPlan } from '../packages/core/src/plan/limits-plan.ts';
import { readerMark, type EventReader } from '../packages/core/src/plan/event-reader.ts';
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

function open(text: string, bounds: readonly number[] = ALONE, limits?: LimitsPlan): Cluster {
  const sources = limits === undefined ? SOURCES : { ...SOURCES, limits };
  const { plan, diagnostics } = compile([{ name: 'parks.weir', text }], { sources });
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  const cluster = new Cluster(changesOf({ plan, sources, lists: [] }), bounds);
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
    const cluster = open(BURST, bounds);
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
