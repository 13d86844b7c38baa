// Logins in several partitions, made from a seed, with rules of every kind over them: what clusters are tested with. The
// same partition is the same records wherever it is read, so an undisturbed run of one engine says what must come out.
import { openCore } from '../../packages/core/src/engine/engine.ts';
import { compile } from '../../packages/core/src/language/compile.ts';
import type { FrameFromEngine } from '../../packages/core/src/frames.ts';
import type { Plan } from '../../packages/core/src/plan/plan.ts';
import type { AlertChange, ResultChange } from '../../packages/core/src/plan/result.ts';
import { readConfig } from '../../packages/core/src/language/config/config.ts';
import { makeHost } from '../../packages/runtime/src/realm.ts';
import { batchOf } from '../engine/cluster.ts';
import { Random } from '../engine/random.ts';
import type { Delivery } from '../reference/events.ts';

export const SOURCE = 'logins';
export const CONFIG = `sources:
  ${SOURCE}:
    format: json
    time: t
    bound: 2s
    idleAfter: 60s
`;

/** `threshold`: of failures of a user; a change of it keeps what the rule has seen. */
export const rulesText = (threshold: number): string => `
RULE "many failures"
  SOURCES outcome = 'failure'
  AGGREGATE BY user WITHIN 20:s SLIDING HAVING count() >= ${threshold}
RULE "busy host"
  AGGREGATE BY host WITHIN 10:s HAVING avg(bytes) > 640 && count() > 20
RULE "failures, then a success"
  SEQUENCE BY user WITHIN 20:s
    STEP fail FILTER event.outcome == 'failure' TIMES 3 OR MORE UNTIL event.outcome == 'success'
    STEP entered FILTER event.outcome == 'success'
RULE "no way out"
  SEQUENCE BY session WITHIN 10:s
    STEP opened FILTER event.kind == 'open'
    ABSENT closed FILTER event.kind == 'close'
RULE "root from afar"
  FILTER event.user == 'root' && event.source.startsWith('10.9.')
  ALERT BY host FOR 1:min
RULE "failures from one place"
  SOURCES $rule = ['many failures']
  AGGREGATE BY all = 'all' WITHIN 1:min HAVING count() >= 2
`;

export const sourcesPlan = readConfig(CONFIG, 'weir.yaml').sources;
export const planOf = (text: string): Plan => {
  const { plan, diagnostics } = compile([{ name: 'logins.weir', text }], { sources: sourcesPlan });
  const wrong = diagnostics.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw new Error(wrong.message);
  return plan;
};

export interface LoginStream {
  readonly seed: number;
  readonly events: number;
  readonly partitions: number;
  /** Event time of the first one, ms. */
  readonly startAt: number;
  readonly eventsPerSecond: number;
  readonly users: number;
  /** Behind all of them one record of each partition at this time, so that all that came before is final. */
  readonly closedAt?: number | undefined;
}

export interface LoginRecord {
  readonly partition: number;
  readonly number: number;
  readonly record: string;
}

/** In the order of arrival; event times are out of order by less than the bound. How many is asked for each. */
export function* loginRecords(stream: LoginStream): Generator<LoginRecord> {
  const random = new Random(stream.seed);
  const numbers = new Array<number>(stream.partitions).fill(0);
  for (let i = 0; i < stream.events; i++) {
    const partition = random.below(stream.partitions);
    const at = Math.floor(stream.startAt + (i * 1000) / stream.eventsPerSecond);
    const user = random.chance(0.0005) ? 'root' : `user${random.below(stream.users)}`;
    const record = JSON.stringify({
      t: at - random.below(1500),
      user,
      outcome: random.chance(0.2) ? 'failure' : 'success',
      kind: random.of(['open', 'close', 'other', 'other', 'other', 'other', 'other', 'other']),
      session: `s${random.below(stream.users)}`,
      host: `host${random.below(50)}`,
      source: `10.${random.below(20)}.${random.below(256)}.${random.below(256)}`,
      bytes: random.below(1200),
    });
    yield { partition, number: numbers[partition]!++, record };
  }
  if (stream.closedAt === undefined) return;
  const record = JSON.stringify({ t: stream.closedAt, user: 'nobody', kind: 'other', bytes: 0 });
  for (const [partition, number] of numbers.entries()) yield { partition, number, record };
}

/** The name of a partition of a topic, as the job gives it. */
export const partitionName = (topic: string, partition: number): string => `${topic}-${partition}`;

export interface Edit {
  readonly plan: Plan;
  readonly activeFrom: number;
}

export interface Embedded {
  readonly results: readonly ResultChange[];
  readonly alerts: readonly AlertChange[];
}

/** All of it through one engine that nobody disturbs. `activeFrom` says when an edit holds, wherever it is told. */
export function runEmbedded(
  stream: LoginStream,
  topic: string,
  plan: Plan,
  edits: readonly Edit[],
): Embedded {
  const core = openCore(makeHost());
  const results: ResultChange[] = [];
  const alerts: AlertChange[] = [];
  const take = (answers: readonly FrameFromEngine[]): void => {
    for (const answer of answers) {
      if (answer.type === 'results') results.push(...answer.changes);
      if (answer.type === 'alerts') alerts.push(...answer.changes);
    }
  };
  core.receive({ type: 'open', from: 0, to: 128 });
  core.receive({ type: 'change', change: { kind: 'sources', sources: sourcesPlan } });
  core.receive({ type: 'change', change: { kind: 'rules', plan } });
  const partitions = Array.from({ length: stream.partitions }, (_, i) => ({
    source: SOURCE,
    partition: partitionName(topic, i),
  }));
  core.receive({ type: 'start', partitions });
  for (const edit of edits) take(core.receive({ type: 'edit', ...edit }));
  const waiting = partitions.map((): Delivery[] => []);
  for (const { partition, number, record } of loginRecords(stream)) {
    const held = waiting[partition]!;
    held.push({ ...partitions[partition]!, number, arrivedAt: Number.NaN, record });
    if (held.length < 200) continue;
    take(core.receive(batchOf(held)));
    held.length = 0;
  }
  for (const held of waiting) if (held.length > 0) take(core.receive(batchOf(held)));
  take(core.receive({ type: 'finish' }));
  return { results, alerts };
}
