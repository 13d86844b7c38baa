// The operators of the Flink job, driven by Flink's own test harnesses, with real engine processes: every scenario and random
// rules give the final results of one engine, byte for byte, whatever comes first and wherever the job is stopped and goes
// on with other widths.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, test } from 'node:test';
import { ALONE } from '../engine/cluster.ts';
import { firstDifference } from '../engine/first-difference.ts';
import { randomCase, type RandomCase } from '../engine/random-case.ts';
import { Random } from '../engine/random.ts';
import {
  changesOf,
  deliver,
  finalAlerts,
  finalResultsOf,
  runEngine,
} from '../engine/run-engine.ts';
import { compile } from '../../packages/core/src/language/compile.ts';
import { levelsOf } from '../../packages/core/src/plan/reading.ts';
import { allScenarios } from '../scenarios/scenario.ts';
import { CLOCKS_SEEN, clockChanges, tellClocks } from './clocks.ts';
import {
  loginRecords,
  partitionName,
  planOf,
  rulesText,
  runEmbedded,
  SOURCE,
  sourcesPlan,
} from './logins.ts';
import type { Delivery } from '../reference/events.ts';
import { OperatorCluster, OperatorHarness, type Appended, type PartFailed } from './harness.ts';
import type { ParkFrame } from '../../packages/core/src/frames.ts';
import { javaModule, whyWithoutJava } from './java-module.ts';

const CASES = Number(process.env['WEIR_CASES'] ?? 300);
const FIRST_SEED = Number(process.env['WEIR_SEED'] ?? 1);
const without = whyWithoutJava();

let harness: OperatorHarness;
before(() => {
  if (without === null)
    harness = new OperatorHarness('java', javaModule.classPath, javaModule.bundle);
});
after(() => harness?.close());

type Case = Pick<RandomCase, 'compiled' | 'sources' | 'lists' | 'deliveries'>;

async function check(
  { compiled, sources, lists, deliveries }: Case,
  random: Random,
): Promise<void> {
  const input = { plan: compiled.plan, sources, lists, deliveries };
  const alone = runEngine(input, { batchOf: () => 4, bounds: ALONE, restore: () => null });
  const levels = Math.max(0, ...levelsOf(compiled.plan.rules).levels) + 1;
  const widths = (): number[] => Array.from({ length: levels + 2 }, () => random.between(1, 3));
  const restores = random.of([0, 0, 0.2]);
  const cluster = new OperatorCluster(changesOf(input), widths(), random.below(1 << 30));
  deliver(cluster.driver, deliveries, {
    batchOf: () => random.between(1, 4),
    bounds: [],
    restore: () => (random.chance(restores) ? widths() : null),
  });
  await cluster.run(harness);
  assert.equal(firstDifference(finalResultsOf(cluster.driver), alone.results), '', 'results');
  const ids = alone.results.map(({ id }) => id);
  if (new Set(ids).size === ids.length)
    assert.equal(firstDifference(finalAlerts(cluster.driver), alone.alerts), '', 'alerts');
}

for (const scenario of allScenarios())
  test(`by operators: ${scenario.name}`, async (context) => {
    if (without !== null) return context.skip(without);
    for (let seed = 1; seed <= 2; seed++) await check(scenario, new Random(seed));
  });

test(`by operators: ${CASES} random rules over random streams`, async (context) => {
  if (without !== null) return context.skip(without);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    const random = new Random(seed);
    const one = randomCase(random);
    try {
      await check(one, random);
    } catch (error) {
      throw new Error(`seed ${seed}:\n${one.text}`, { cause: error });
    }
  }
});

test('by operators: two sources ten minutes apart, one idle, one returning, and all idle while rules flow', async (context) => {
  if (without !== null) return context.skip(without);
  for (let seed = 1; seed <= 5; seed++) {
    const cluster = new OperatorCluster(clockChanges, [2, 2, 1], seed);
    const told = {
      results: cluster.results,
      start: cluster.start.bind(cluster),
      batch: cluster.batch.bind(cluster),
      tick: cluster.tick.bind(cluster),
      edit: cluster.edit.bind(cluster),
      settled: () => cluster.settled(harness),
    };
    assert.deepEqual(await tellClocks(told), CLOCKS_SEEN, `seed ${seed}`);
  }
});

test('by operators: from two parts to three and to one, windows and sequences open, a threshold edited between', async (context) => {
  if (without !== null) return context.skip(without);
  const stream = {
    seed: 7,
    events: 6000,
    partitions: 2,
    startAt: 1_760_000_000_000,
    eventsPerSecond: 100,
    users: 60,
  };
  const edit = { plan: planOf(rulesText(6)), activeFrom: stream.startAt + 30_000 };
  const embedded = runEmbedded(stream, 'logins', planOf(rulesText(5)), [edit]);
  const changes = [
    { kind: 'sources', sources: sourcesPlan },
    { kind: 'rules', plan: planOf(rulesText(5)) },
  ] as const;
  const cluster = new OperatorCluster(changes, [2, 2, 2, 2], 3);
  const partitions = [0, 1].map((i) => ({ source: SOURCE, partition: partitionName('logins', i) }));
  cluster.start(partitions);
  const held: Delivery[][] = [[], []];
  let read = 0;
  for (const { partition, number, record } of loginRecords(stream)) {
    const of = held[partition]!;
    of.push({ ...partitions[partition]!, number, arrivedAt: Number.NaN, record });
    if (of.length === 40) cluster.batch(of.splice(0));
    read++;
    if (read === 2000) cluster.restoreOnto([3, 3, 3, 3]);
    if (read === 2500) cluster.edit(edit.plan, edit.activeFrom);
    if (read === 4000) cluster.restoreOnto([1, 1, 1, 1]);
  }
  for (const of of held) if (of.length > 0) cluster.batch(of);
  cluster.finish();
  await cluster.run(harness);
  assert.ok(embedded.results.length > 500, 'there is something to compare');
  const finals = finalResultsOf({ results: embedded.results } as never);
  assert.equal(firstDifference(finalResultsOf(cluster.driver), finals), '', 'results');
  const alerts = finalAlerts({ alerts: embedded.alerts } as never);
  assert.equal(firstDifference(finalAlerts(cluster.driver), alerts), '', 'alerts');
});

test('by operators: a rule that breaks a limit is parked by the control topic, and the others give what they give', async (context) => {
  if (without !== null) return context.skip(without);
  const good = `RULE "good" AGGREGATE BY user WITHIN 10:s HAVING count() >= 3`;
  const bad = `RULE "bad" FILTER function (event) { let n = 0; while (event.user == 'user3') n++; return n == 0 }
    AGGREGATE BY user WITHIN 10:s HAVING count() >= 1`;
  const stream = {
    seed: 3,
    events: 400,
    partitions: 2,
    startAt: 1_760_000_000_000,
    eventsPerSecond: 20,
    users: 10,
  };
  const alone = runEmbedded(stream, 'logins', planOf(good), []);
  const changes = [
    { kind: 'sources', sources: sourcesPlan },
    { kind: 'rules', plan: planOf(`${good}\n${bad}`) },
  ] as const;
  const cluster = new OperatorCluster(changes, [2, 2, 1], 5);
  const partitions = [0, 1].map((i) => ({ source: SOURCE, partition: partitionName('logins', i) }));
  cluster.start(partitions);
  let read = 0;
  for (const { partition, number, record } of loginRecords(stream)) {
    cluster.batch([{ ...partitions[partition]!, number, arrivedAt: Number.NaN, record }]);
    if (++read === 200) cluster.restoreOnto([1, 3, 1]);
  }
  cluster.finish();
  await cluster.run(harness);
  assert.ok(
    cluster.appended.some(({ key }) => key === 'park:bad'),
    'the park is in the control topic',
  );
  assert.ok(
    cluster.faults.some(({ kind }) => kind === 'parked'),
    'and people can read it',
  );
  const ofGood = cluster.results.filter(({ result }) => result.rule === 'good');
  const finals = finalResultsOf({ results: alone.results } as never);
  assert.equal(firstDifference(finalResultsOf({ results: ofGood } as never), finals), '');
});

test('by operators: a job that begins anew leaves out the rules that are parked', async (context) => {
  if (without !== null) return context.skip(without);
  const rules = ['left out', 'taken'].map(
    (name) => `RULE "${name}" AGGREGATE BY user WITHIN 10:s HAVING count() >= 3`,
  );
  const stream = {
    ...{ seed: 3, events: 400, partitions: 1, startAt: 1_760_000_000_000 },
    ...{ eventsPerSecond: 20, users: 10 },
  };
  const changes = [
    { kind: 'sources', sources: sourcesPlan },
    { kind: 'rules', plan: planOf(rules.join('\n')) },
  ] as const;
  const reason = { limit: 'asked', message: '' };
  const park = { kind: 'park', rules: ['left out'], reason, from: null };
  const cluster = new OperatorCluster(changes, [2, 2, 1], 5, {
    before: [{ key: 'park:left out', value: park }],
  });
  const partition = { source: SOURCE, partition: partitionName('logins', 0) };
  cluster.start([partition]);
  for (const { number, record } of loginRecords(stream))
    cluster.batch([{ ...partition, number, arrivedAt: Number.NaN, record }]);
  cluster.restoreOnto([1, 3, 1]);
  cluster.finish();
  await cluster.run(harness);
  assert.deepEqual([...new Set(cluster.results.map(({ result }) => result.rule))], ['taken']);
});

test('by operators: a rule that no budget sees ends its engine, is parked at its event, and does not come again', async (context) => {
  if (without !== null) return context.skip(without);
  const good = `RULE "good" AGGREGATE BY user WITHIN 10:s HAVING count() >= 3`;
  const text = `${good}\nRULE "culprit" FILTER event.bytes == 1`;
  const { rules, ...plan } = planOf(text);
  // Code that the compiler would never print.
  const source = `(H, S) => (e) => { if (e.get(S[0]) === 1) for (;;); return false; }`;
  const evil = rules.map((rule) =>
    rule.id === 'culprit' ? { ...rule, filter: { ...rule.filter!, source } } : rule,
  );
  const changes = [
    { kind: 'sources', sources: sourcesPlan },
    { kind: 'rules', plan: { ...plan, rules: evil } },
  ] as const;
  const stream = {
    seed: 3,
    events: 900,
    partitions: 1,
    startAt: 1_760_000_000_000,
    eventsPerSecond: 20,
    users: 10,
  };
  const records = [...loginRecords(stream)];
  const fatal = records.find(({ record }) => record.includes('"bytes":1}'))!;
  const partition = { source: SOURCE, partition: partitionName('logins', 0) };
  const tell = (behind: readonly Appended[]): OperatorCluster => {
    const cluster = new OperatorCluster(changes, [1, 2, 1], 5, { behind });
    cluster.start([partition]);
    for (let i = 0; i < records.length; i += 50)
      cluster.batch(
        records
          .slice(i, i + 50)
          .map(({ number, record }) => ({ ...partition, number, arrivedAt: Number.NaN, record })),
      );
    cluster.finish();
    return cluster;
  };
  const failure = await tell([])
    .run(harness)
    .then(
      () => null,
      (error: PartFailed) => error,
    );
  const park = failure?.appended.find(({ key }) => key === 'park:culprit')?.value as ParkFrame;
  assert.equal(park.reason.limit, 'stuck');
  assert.deepEqual(park.from, { ...partition, number: fatal.number, isAfter: false });
  // As a restarted task reads the control topic to its end, and then its events again.
  const again = await tell(failure!.appended).run(harness);
  const alone = runEmbedded(stream, 'logins', planOf(good), []);
  const finals = finalResultsOf({ results: alone.results } as never);
  assert.equal(firstDifference(finalResultsOf(again.driver), finals), '');
});

test('by operators: lists come by location and hash, change while events flow, and are there after a restart', async (context) => {
  if (without !== null) return context.skip(without);
  const folder = mkdtempSync(join(tmpdir(), 'weir-lists-'));
  const rows = 'user1\tfirst\nuser2\t\n';
  writeFileSync(join(folder, 'bad.txt'), rows);
  const list = { name: 'bad', kind: 'exact', file: 'bad.txt' } as const;
  const sources = { ...sourcesPlan, lists: [list] };
  const { plan } = compile([{ name: 'l.weir', text: 'RULE "listed" IOC FILTERS IN bad(user)' }], {
    sources,
  });
  const changes = [
    { kind: 'sources', sources },
    { kind: 'rules', plan },
  ] as const;
  const cluster = new OperatorCluster(changes, [2, 1, 1], 1);
  const partition = { source: SOURCE, partition: partitionName('logins', 0) };
  let number = 0;
  const users = (...names: string[]): void =>
    cluster.batch(
      names.map((user) => ({
        ...partition,
        number,
        arrivedAt: Number.NaN,
        record: JSON.stringify({ t: 1_760_000_000_000 + number++, user }),
      })),
    );
  const seen = async (): Promise<string[]> => {
    const before = cluster.results.length;
    await cluster.settled(harness);
    return cluster.results.slice(before).map(({ result }) => String(result.iocs[0]?.value));
  };
  cluster.start([partition]);
  users('user1');
  assert.deepEqual(await seen(), [], 'the list is not there');
  const location = pathToFileURL(join(folder, 'bad.txt')).href;
  const sha256 = createHash('sha256').update(rows).digest('hex');
  cluster.tell('list:bad', { kind: 'list', list, location, sha256 });
  await seen();
  users('user1', 'user3', 'user2');
  assert.deepEqual(await seen(), ['user1', 'user2']);
  cluster.tell('list:bad:+1', {
    kind: 'list-delta',
    name: 'bad',
    add: ['user3'],
    remove: ['user1\tfirst'],
  });
  await seen();
  users('user1', 'user3', 'user2');
  assert.deepEqual(await seen(), ['user3', 'user2']);
  cluster.restoreOnto([1, 2, 1]);
  users('user1', 'user3');
  assert.deepEqual(await seen(), ['user3'], 'after a restart');
  cluster.tell('list:bad', { kind: 'list', list, location, sha256: '00' });
  await assert.rejects(seen(), /is not the one that was declared: its SHA-256 is/);
  rmSync(folder, { recursive: true });
});
