import type { Change, PartitionName } from '../../packages/core/src/frames.ts';
import type { Plan } from '../../packages/core/src/plan/plan.ts';
import type { Alert, Result } from '../../packages/core/src/plan/result.ts';
import type { SourcesPlan } from '../../packages/core/src/plan/source-plan.ts';
import type { Delivery } from '../reference/events.ts';
import type { ReferenceList } from '../reference/lists.ts';
import type { ReferenceOutcome } from '../reference/reference.ts';
import type { FinalAlert } from '../reference/results.ts';
import { Cluster } from './cluster.ts';

/** How a run is cut: into batches, engine parts, and lives. */
export interface Cuts {
  /** At most so many deliveries in the batch that begins at this one. */
  readonly batchOf: (index: number) => number;
  /** The parts at the beginning: bounds of their key groups, or how many there are of each stage. */
  readonly bounds: readonly number[];
  /** After a batch: the parts that take over, or null. */
  readonly restore: (batch: number) => readonly number[] | null;
}

/** What runs deliveries: engine parts of one stage, or of several. */
export type AnyCluster = Pick<
  Cluster,
  'results' | 'alerts' | 'counts' | 'start' | 'batch' | 'end' | 'finish' | 'restoreOnto'
>;

export interface EngineInput {
  readonly plan: Plan;
  readonly sources: SourcesPlan;
  readonly lists: readonly ReferenceList[];
  readonly deliveries: readonly Delivery[];
}

export interface EngineOutcome extends Omit<ReferenceOutcome, 'alerts'> {
  readonly alerts: readonly FinalAlert[];
  readonly cluster: Cluster;
}

/** What engine parts are told at their beginning. */
export function changesOf({ plan, sources, lists }: Omit<EngineInput, 'deliveries'>): Change[] {
  const rows = lists.map((list): Change => ({
    kind: 'list',
    list: { name: list.name, kind: list.kind, file: `${list.name}.txt` },
    rows: new TextEncoder().encode(
      list.rows.map(({ value, note }) => `${value}\t${note}\n`).join(''),
    ),
  }));
  return [{ kind: 'sources', sources }, ...rows, { kind: 'rules', plan }];
}

/** Runs deliveries through engine parts; final results and alerts in the form that the reference gives. */
export function runEngine(
  { plan, sources, lists, deliveries }: EngineInput,
  cuts: Cuts,
): EngineOutcome {
  const cluster = new Cluster(changesOf({ plan, sources, lists }), cuts.bounds);
  deliver(cluster, deliveries, cuts);
  return {
    results: finalResultsOf(cluster),
    alerts: finalAlerts(cluster),
    counts: cluster.counts,
    cluster,
  };
}

/** Gives deliveries to engine parts, cut as `cuts` says, to the end of the run. */
export function deliver(cluster: AnyCluster, deliveries: readonly Delivery[], cuts: Cuts): void {
  const partitions = partitionsOf(deliveries);
  const lastOf = new Map(deliveries.map((delivery, i) => [nameText(delivery), i]));
  cluster.start(partitions);
  let batches = 0;
  for (let at = 0; at < deliveries.length;) {
    const first = deliveries[at]!;
    let end = at + 1;
    while (
      end < deliveries.length &&
      end - at < cuts.batchOf(at) &&
      nameText(deliveries[end]!) === nameText(first)
    )
      end++;
    cluster.batch(deliveries.slice(at, end));
    if (lastOf.get(nameText(first)) === end - 1)
      cluster.end({ source: first.source, partition: first.partition });
    at = end;
    const bounds = cuts.restore(batches++);
    if (bounds !== null) cluster.restoreOnto(bounds);
  }
  cluster.finish();
}

const nameText = ({ source, partition }: PartitionName): string => `${source}\n${partition}`;

export function partitionsOf(deliveries: readonly Delivery[]): PartitionName[] {
  const named = new Map(
    deliveries.map(({ source, partition }) => [
      nameText({ source, partition }),
      { source, partition },
    ]),
  );
  return [...named.values()];
}

/** Also checks the life of every result: revisions rise by one, it opens once, and it ends with final or withdraw. */
export function finalResultsOf({ results }: AnyCluster): Result[] {
  const lives = new Map<
    string,
    { revision: number; change: string; at: number; version: string }
  >();
  const finals: Result[] = [];
  for (const { change, revision, result } of results) {
    const before = lives.get(result.id);
    const isOpen =
      before !== undefined && before.change !== 'withdraw' && before.change !== 'final';
    // Two events of one identity, further apart than repetitions are looked for, are two matches of one name.
    // And a new version of a rule may give anew what an old one has ended.
    const isOther =
      before?.at !== result.at ||
      before.version !== result.version ||
      (change === 'final' && revision === 1);
    if (before?.change === 'final' && !isOther)
      throw new Error(`${result.id} of ${result.rule} changes after it was final`);
    if (!isOpen && change !== 'open' && change !== 'final')
      throw new Error(`${result.id} of ${result.rule} begins with ${change}`);
    if (isOpen && change === 'open') throw new Error(`${result.id} of ${result.rule} opens twice`);
    if (isOpen && revision !== before.revision + 1)
      throw new Error(`${result.id}: revision ${revision} after ${before.revision}`);
    if (before?.change === 'final' && before.version !== result.version)
      finals.splice(
        finals.findIndex(({ id }) => id === result.id),
        1,
      );
    lives.set(result.id, { revision, change, at: result.at, version: result.version });
    if (change === 'final') finals.push(result);
  }
  for (const [id, { change }] of lives)
    if (change !== 'final' && change !== 'withdraw') throw new Error(`${id} never ended`);
  checkStream(results, finals);
  return finals.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** Who only applies the changes as they come has in the end exactly the final results. */
function checkStream(changes: Cluster['results'], finals: readonly Result[]): void {
  const held = new Map<string, string>();
  for (const { change, result } of changes) {
    if (change === 'withdraw') held.delete(result.id);
    else held.set(result.id, JSON.stringify(result));
  }
  const newest = new Map(finals.map((result) => [result.id, JSON.stringify(result)]));
  if (held.size !== newest.size || [...newest].some(([id, text]) => held.get(id) !== text))
    throw new Error('the change stream does not add up to the final results');
}

export function finalAlerts({ alerts }: AnyCluster): FinalAlert[] {
  const newest = new Map<string, { change: string; alert: Alert }>();
  for (const { change, alert } of alerts) {
    const before = newest.get(alert.handle);
    // What was withdrawn may come back under its name.
    if (before?.change === 'final')
      throw new Error(`the alert ${alert.handle} changes after its end`);
    newest.set(alert.handle, { change, alert });
  }
  for (const { change, alert } of newest.values())
    if (change !== 'final' && change !== 'withdraw')
      throw new Error(`the alert ${alert.handle} never ended`);
  return [...newest.values()]
    .filter(({ change, alert }) => change === 'final' && alert.mergedInto === null)
    .map(({ alert: { handle: _handle, mergedInto: _mergedInto, ...alert } }) => alert)
    .sort((a, b) => (a.results[0]! < b.results[0]! ? -1 : 1));
}
