// docs/language.md section 4, on a cluster: what two sources that are ten minutes apart, of which one falls silent and comes
// back, do to the clocks of rules that read one or both of them.
import { compile } from '../../packages/core/src/language/compile.ts';
import type { Change, PartitionName } from '../../packages/core/src/frames.ts';
import type { Plan } from '../../packages/core/src/plan/plan.ts';
import type { ResultChange } from '../../packages/core/src/plan/result.ts';
import { defaultSource, type SourcePlan } from '../../packages/core/src/plan/source-plan.ts';
import type { Delivery } from '../reference/events.ts';

/** What the story is told to: engine parts in this process, or operators. */
export interface Told {
  readonly results: ResultChange[];
  start(partitions: readonly PartitionName[]): void;
  batch(deliveries: readonly Delivery[]): void;
  tick(arrivedAt: number, partitions: readonly PartitionName[]): void;
  /** Other rules, from an event time on. */
  edit(plan: Plan, activeFrom: number): void;
  /** Everything that was told has been done. */
  settled(): Promise<void>;
}

const source = (name: string): SourcePlan => ({
  ...defaultSource,
  name,
  time: { paths: [['t']], format: null, zone: 'UTC' },
  boundMs: 1000,
  idleAfterMs: 60_000,
  fields: { kind: name },
});

const sources = { sources: [source('near'), source('far')], lists: [], tenants: [] };

const RULES = `
RULE "near only" SOURCES kind = 'near' AGGREGATE BY u WITHIN 10:s HAVING count() >= 1
RULE "both" SOURCES kind = ['near', 'far'] AGGREGATE BY u WITHIN 10:s HAVING count() >= 1
RULE "silence" SEQUENCE BY u WITHIN 30:s STEP a FILTER event.kind == 'near' ABSENT b FILTER event.kind == 'far'
`;
const planOf = (text: string): Plan => compile([{ name: 'clocks.weir', text }], { sources }).plan;

export const clockChanges: readonly Change[] = [
  { kind: 'sources', sources },
  { kind: 'rules', plan: planOf(RULES) },
];

const BASE = 1_700_000_000_000;
const NEAR = { source: 'near', partition: 'near-0' };
const FAR = { source: 'far', partition: 'far-0' };
const BOTH = [NEAR, FAR];

/** What becomes final in each part of the story: rule, user, and event time in seconds. */
export const CLOCKS_SEEN: Readonly<Record<string, readonly string[]>> = {
  // Who reads only the near source does not wait for the other one; who reads both, and the absence of the far one, does.
  'ten minutes apart': ['both b 5', 'near only a 605'],
  'far is silent for less than a minute': ['near only a 640'],
  'far is idle': ['both a 605', 'both a 640', 'both b 40', 'silence a 635', 'silence a 670'],
  // `d` is older than the clock that its partition joins.
  'far has returned': ['both c 699', 'both e 703', 'near only c 699', 'silence c 729'],
  'rules flow': [],
  // At 830 s the clock is 830 - 60 (idle) - 1 (bound): the window of `f` ends at 770.
  'all are idle, and the clock follows the ticks': [],
  'a minute later': ['both f 760', 'near only f 760', 'silence f 790'],
};

/** Tells the story; gives what becomes final in each part of it. */
export async function tellClocks(told: Told): Promise<Record<string, readonly string[]>> {
  let number = 0;
  const event = (of: PartitionName, second: number, arrived: number, u: string): void =>
    told.batch([
      {
        ...of,
        number: number++,
        arrivedAt: BASE + arrived * 1000,
        record: JSON.stringify({ t: BASE + second * 1000, u }),
      },
    ]);
  let known = 0;
  const finals = async (): Promise<string[]> => {
    await told.settled();
    const fresh = told.results.slice(known);
    known = told.results.length;
    return fresh
      .filter(({ change }) => change === 'final')
      .map(({ result }) => `${result.rule} ${result.key['u']} ${(result.at - BASE) / 1000}`)
      .sort();
  };
  told.start(BOTH);
  const seen: Record<string, readonly string[]> = {};

  // Events of `far` come ten minutes after they happened.
  event(NEAR, 605, 605, 'a');
  event(FAR, 5, 605, 'b');
  event(NEAR, 640, 640, 'a');
  event(FAR, 40, 640, 'b');
  seen['ten minutes apart'] = await finals();

  // `far` says nothing more; a minute later its clock is not waited for.
  event(NEAR, 699, 699, 'c');
  told.tick(BASE + 699_000, BOTH);
  seen['far is silent for less than a minute'] = await finals();
  told.tick(BASE + 701_000, BOTH);
  seen['far is idle'] = await finals();

  // What comes back older than the clock is late; what is not, is taken.
  event(FAR, 100, 702, 'd');
  event(FAR, 703, 703, 'e');
  event(NEAR, 760, 760, 'f');
  event(FAR, 760, 760, 'f');
  seen['far has returned'] = await finals();

  // Nobody speaks any more, rules flow: they move no time, ticks do.
  told.edit(planOf(`${RULES}\nRULE "new" FILTER event.u == 'g'`), BASE + 900_000);
  told.tick(BASE + 800_000, BOTH);
  seen['rules flow'] = await finals();
  told.tick(BASE + 830_000, BOTH);
  seen['all are idle, and the clock follows the ticks'] = await finals();
  told.tick(BASE + 900_000, BOTH);
  seen['a minute later'] = await finals();
  return seen;
}
