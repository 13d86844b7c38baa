import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { compile } from '../packages/core/src/language/compile.ts';
import type { Json } from '../packages/core/src/plan/json.ts';
import { makeTimeReader } from '../packages/core/src/plan/parse-time.ts';
import type { SourcePlan, SourcesPlan } from '../packages/core/src/plan/source-plan.ts';
import { ALONE } from './engine/cluster.ts';
import { firstDifference } from './engine/first-difference.ts';
import { runEngine, type EngineOutcome } from './engine/run-engine.ts';
import { Random } from './engine/random.ts';
import type { Delivery } from './reference/events.ts';

/** Windows of every kind over fields that Windows events have. */
const RULES = `
RULE "logons" SOURCES EventID = '4624' AGGREGATE BY Hostname, TargetUserName WITHIN 1:min SLIDING HAVING count() >= 2
RULE "accounts" SOURCES EventID = ['4624', '4648'] AGGREGATE BY Hostname WITHIN 2:min, 30:sec HAVING distinct(TargetUserName) >= 2
RULE "busy" AGGREGATE BY Hostname, EventID WITHIN 10:sec HAVING events => events.length > 5 && { first: events[0].Channel, ids: events.map(e => e.RecordNumber).slice(0, 9).join() }
RULE "sessions" AGGREGATE BY Hostname WITHIN SESSION 5:sec HAVING avg(EventID) > 0 && { n: count(), last: last(EventID) }
RULE "each" FILTER event.EventID == 4648
`;

const TIME = { paths: [['weir_at']], format: null, zone: 'UTC' };

export interface OrderFacts {
  readonly events: number;
  readonly results: number;
  /** How far a record lies behind one before it, at most, in ms. */
  readonly disorderMs: number;
  readonly lateWithoutBound: number;
  /** What is wrong; empty if all is as it must be. */
  readonly wrong: readonly string[];
}

/**
 * Runs a recording in file order, sorted, and shuffled within the bound, each event keeping the number that it had in
 * the file: the final results are the same. With no bound the missing ones are counted.
 */
export function checkOrder(file: string, time: SourcePlan['time']): OrderFacts {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const events = eventsOf(text, time);
  const disorderMs = disorderOf(events.map(({ at }) => at));
  const wrong: string[] = [];
  const inFileOrder = run(events, disorderMs + 1000);
  const expectSame = (name: string, other: EngineOutcome): void => {
    const difference =
      firstDifference(other.results, inFileOrder.results) ||
      firstDifference(other.alerts, inFileOrder.alerts);
    if (difference !== '') wrong.push(`${name}: ${difference}`);
    if (other.counts.late > 0) wrong.push(`${name}: ${other.counts.late} late`);
  };
  const sorted = events.toSorted((a, b) => a.at - b.at);
  expectSame('sorted', run(sorted, 0));
  const random = new Random(7);
  const shuffled = sorted
    .map((event) => ({ event, place: event.at + random.next() * disorderMs }))
    .toSorted((a, b) => a.place - b.place);
  expectSame(
    'shuffled within the bound',
    run(
      shuffled.map(({ event }) => event),
      disorderMs + 1000,
    ),
  );
  const tooStrict = run(events, 0);
  const { read, decoded, undecodable, duplicates, late, wanted } = tooStrict.counts;
  if (read !== decoded + undecodable + duplicates || wanted > decoded)
    wrong.push('the counts do not add up');
  if (disorderMs > 0 && late === 0) wrong.push('nothing is late although the bound is too small');
  const counted = tooStrict.cluster.errors
    .filter(({ clause }) => clause === 'late')
    .reduce((sum, { rules }) => sum + rules.length, 0);
  if (counted !== late) wrong.push(`${late} late, ${counted} of them told`);
  return {
    events: events.length,
    results: inFileOrder.results.length,
    disorderMs,
    lateWithoutBound: late,
    wrong,
  };
}

interface Event {
  readonly at: number;
  readonly record: string;
}

function eventsOf(text: string, time: SourcePlan['time']): Event[] {
  const read = makeTimeReader(time);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, i) => {
    const fields = JSON.parse(line) as Record<string, Json>;
    const at =
      time.paths.map((path) => read(fields[path.join('.')])).find((one) => !Number.isNaN(one)) ??
      Number.NaN;
    return { at, record: JSON.stringify({ ...fields, weir_at: at, weir_number: i + 1 }) };
  });
}

function disorderOf(times: readonly number[]): number {
  let highest = -Infinity;
  let disorder = 0;
  for (const at of times) {
    disorder = Math.max(disorder, highest - at);
    highest = Math.max(highest, at);
  }
  return disorder;
}

function run(events: readonly Event[], boundMs: number): EngineOutcome {
  const source: SourcePlan = {
    name: 'windows',
    format: 'json',
    files: [],
    tenant: { kind: 'constant', name: 'lab' },
    identity: [['weir_number']],
    partition: null,
    time: TIME,
    arrivedAt: null,
    boundMs,
    idleAfterMs: 60_000,
    latenessMs: null,
    fields: {},
    empty: ['-'],
    view: null,
    logSource: { product: null, service: null, category: null },
  };
  const sources: SourcesPlan = { sources: [source], lists: [], tenants: [] };
  const { plan } = compile([{ name: 'order.weir', text: RULES }], { sources });
  const deliveries = events.map(({ record }, i): Delivery => ({
    source: 'windows',
    partition: 'file',
    number: i + 1,
    arrivedAt: Number.NaN,
    record,
  }));
  return runEngine(
    { plan, sources, lists: [], deliveries },
    { batchOf: () => 500, bounds: ALONE, restore: () => null },
  );
}
