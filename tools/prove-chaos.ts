// Shows that nothing an engine process can die of changes what others find: under load, at random, it is killed, a rule
// does not come back, a rule takes all memory. Each round is compared with an undisturbed run of the same events.
//
//   npm run prove:chaos -- [MINUTES] [SEED]
import { Supervisor } from '../packages/runtime/src/supervisor.ts';
import { compile } from '../packages/core/src/language/compile.ts';
import { defaultSource, type SourcesPlan } from '../packages/core/src/plan/source-plan.ts';
import type { BatchFrame, FrameFromEngine, Park, ParkLimit } from '../packages/core/src/frames.ts';
import type { Plan, RulePlan } from '../packages/core/src/plan/plan.ts';
import type { Result } from '../packages/core/src/plan/result.ts';
import { Random } from '../tests/engine/random.ts';

const MINUTES = Number(process.argv[2] ?? 10);
const SEED = Number(process.argv[3] ?? 1);

const SOURCES: SourcesPlan = {
  sources: [{ ...defaultSource, name: 's', time: { paths: [['t']], format: null, zone: 'UTC' } }],
  lists: [],
  tenants: [],
};
const INNOCENT = `RULE "each" SOURCES $source = 's' FILTER event.n % 50 == 0
RULE "burst" SOURCES $source = 's' FILTER event.code == 4625 AGGREGATE BY u WITHIN 1:min HAVING count() >= 12
RULE "hourly" SOURCES $source = 's' AGGREGATE BY u WITHIN 1:min, 1:min HAVING count() >= 5 && { sum: sum(v) }
RULE "chain" SOURCES $source = 's' SEQUENCE BY u WITHIN 30:sec STEP a FILTER event.code == 4625 TIMES 3 STEP b FILTER event.code == 4624
RULE "above" SOURCES $rule = 'burst' AGGREGATE BY u WITHIN 1:hour HAVING count() >= 1`;
const INNOCENTS = ['each', 'burst', 'hourly', 'chain', 'above'];

const BATCH = 500;
const BATCHES = 160;

/** What a culprit does at its event. The compiler would print neither. */
const DEEDS = {
  stuck: 'for (;;);',
  memory:
    'const held = []; for (;;) { const list = []; for (let i = 0; i < 1000; i++) list.push(i + 0.5); held.push(list); }',
} as const;

/** A bomb does not come back either: which of the two is seen first depends on the machine. */
const LIMITS: Readonly<Record<keyof typeof DEEDS, readonly ParkLimit[]>> = {
  stuck: ['stuck'],
  memory: ['memory', 'stuck'],
};

interface Culprit {
  readonly id: string;
  readonly clause: 'FILTER' | 'HAVING';
  readonly deed: keyof typeof DEEDS;
  /** Number of the event; of a window: the first that has one from there on. */
  readonly at: number;
}

function randomCulprits(random: Random): Culprit[] {
  return Array.from({ length: random.between(2, 5) }, (_, i) => ({
    id: `culprit ${i}`,
    clause: random.of(['FILTER', 'FILTER', 'HAVING'] as const),
    deed: random.of(['stuck', 'memory'] as const),
    at: random.between(BATCH, BATCH * (BATCHES - 10)),
  }));
}

/** With culprits as they are, or as if they did nothing. */
function planOf(culprits: readonly Culprit[], isEvil: boolean): Plan {
  const rules = culprits.map(({ id, clause }, i) =>
    clause === 'FILTER'
      ? `RULE "${id}" SOURCES $source = 's' FILTER event.n % 10 == ${i}`
      : `RULE "${id}" SOURCES $source = 's' AGGREGATE BY u WITHIN 10:sec, 10:sec HAVING max(n) >= 0 && count() >= ${i}`,
  );
  const text = [INNOCENT, ...rules].join('\n');
  const { plan, diagnostics } = compile([{ name: 'chaos.weir', text }], { sources: SOURCES });
  const mistake = diagnostics.find(({ severity }) => severity === 'error');
  if (mistake !== undefined) throw new Error(mistake.message);
  const evil = (rule: RulePlan): RulePlan => {
    const i = culprits.findIndex(({ id }) => id === rule.id);
    if (i < 0) return rule;
    const { at, deed, clause } = culprits[i]!;
    const evilOf = (condition: string): string =>
      isEvil ? `if (${condition}) { ${DEEDS[deed]} }` : '';
    if (clause === 'FILTER') {
      const source = `(H, S) => (e) => { const n = e.get(S[0]); ${evilOf(`n === ${at}`)} return n % 10 === ${i}; }`;
      return { ...rule, filter: { ...rule.filter!, source } };
    }
    const { detect } = rule;
    if (detect.kind !== 'window' || detect.having.kind !== 'aggregates')
      throw new Error('HAVING of aggregates was written');
    const source = `(H, S) => (values) => { ${evilOf(`values[0] >= ${at}`)} return values[1] >= ${i}; }`;
    const having = { ...detect.having, code: { ...detect.having.code, source } };
    return { ...rule, detect: { ...detect, having } };
  };
  return { ...plan, rules: plan.rules.map(evil) };
}

function batchOf(batch: number, seed: number): BatchFrame {
  const random = new Random(seed * 1000 + batch);
  const records = Array.from({ length: BATCH }, (_, i) => {
    const n = batch * BATCH + i;
    return JSON.stringify({
      t: 1_700_000_000_000 + n * 40 + random.between(0, 3000),
      u: `u${random.between(0, 40)}`,
      code: random.of([4624, 4625, 4625, 4688]),
      v: random.between(0, 100),
      n,
      text: 'x'.repeat(100),
    });
  });
  const starts = new Int32Array(BATCH);
  for (let i = 1; i < BATCH; i++) starts[i] = starts[i - 1]! + records[i - 1]!.length + 1;
  return {
    type: 'batch',
    source: 's',
    partition: 'p',
    numbers: Float64Array.from(records, (_, i) => batch * BATCH + i),
    arrivedAt: new Float64Array(BATCH).fill(Number.NaN),
    starts,
    lengths: Int32Array.from(records, ({ length }) => length),
    bytes: new TextEncoder().encode(records.join('\n')),
  };
}

interface Round {
  readonly changes: string[];
  readonly finals: Result[];
  readonly parks: Park[];
  readonly kills: number;
  readonly restarts: number;
}

/** `killing`: null leaves the engine alone. */
async function run(plan: Plan, seed: number, killing: Random | null): Promise<Round> {
  const [finals, parks, changes]: [Result[], Park[], string[]] = [[], [], []];
  let [kills, restarts, doneSince] = [0, 0, 0];
  const onFrame = (frame: FrameFromEngine): void => {
    if (frame.type === 'parked') parks.push(...frame.parks);
    if (frame.type === 'done') doneSince++;
    if (frame.type !== 'results') return;
    for (const { change, revision, result } of frame.changes) {
      changes.push(`${result.rule} ${result.id} ${change} ${revision}`);
      if (change === 'final') finals.push(result);
    }
  };
  const supervisor = new Supervisor({
    changes: [
      { kind: 'sources', sources: SOURCES },
      { kind: 'rules', plan },
    ],
    onFrame,
    onNotice: () => {
      restarts++;
      doneSince = 0;
    },
    // Half of the bombs are found by what they take, the others by the end of the process.
    limits:
      seed % 2 === 0
        ? { memoryMaxBytes: 400 * 2 ** 20 }
        : { heapMaxBytes: 96 * 2 ** 20, stuckMs: 400 },
  });
  await supervisor.start();
  await supervisor.send({ type: 'start', partitions: [{ source: 's', partition: 'p' }] });
  for (let batch = 0; batch < BATCHES; batch++) {
    // A process that is killed before it has done anything would be given up, and rightly.
    if (killing?.chance(0.03) && doneSince >= 4 && supervisor.pid !== undefined) {
      kills++;
      doneSince = 0;
      process.kill(supervisor.pid, 'SIGKILL');
    }
    await supervisor.send(batchOf(batch, seed));
    if (killing?.chance(0.05)) await supervisor.send({ type: 'snapshot' });
  }
  await supervisor.send({ type: 'finish' });
  await supervisor.settled();
  await supervisor.close();
  return { changes, finals, parks, kills, restarts };
}

const textsOf = ({ finals }: Round, keeps: (result: Result) => boolean): string[] =>
  finals
    .filter(keeps)
    .map((result) => JSON.stringify(result))
    .toSorted();

/** What is wrong with a round; empty: nothing. */
function wrongOf(calm: Round, round: Round, culprits: readonly Culprit[]): string[] {
  const wrong: string[] = [];
  const say = (is: boolean, what: string): void => void (is || wrong.push(what));
  for (const rule of INNOCENTS) {
    const [found, expected] = [round, calm].map((one) =>
      textsOf(one, (result) => result.rule === rule),
    );
    say(
      JSON.stringify(found) === JSON.stringify(expected),
      `${rule}: ${found!.length} results, not ${expected!.length}`,
    );
  }
  const twice = round.changes.length - new Set(round.changes).size;
  say(twice === 0, `${twice} changes were given twice`);
  for (const { id, deed, at, clause } of culprits) {
    const park = round.parks.filter(({ rule }) => rule === id);
    say(
      park.length === 1 && LIMITS[deed].includes(park[0]!.reason.limit),
      `${id} (${deed}): ${JSON.stringify(park)}`,
    );
    const from = park[0]?.from;
    const given = textsOf(round, ({ rule }) => rule === id);
    if (clause === 'HAVING') {
      // Windows are judged when time has passed them, so the record is a later one.
      say(from?.isAfter === true && from.number > at, `${id} is parked at ${JSON.stringify(from)}`);
      const expected = new Set(textsOf(calm, ({ rule }) => rule === id));
      say(given.length > 0 && given.every((text) => expected.has(text)), `${id}: other results`);
      continue;
    }
    say(from?.number === at, `${id} is parked at ${from?.number}, not at ${at}`);
    const before = (result: Result): boolean =>
      result.rule === id && (result.first[0]!.number as number) < at;
    say(
      JSON.stringify(given) === JSON.stringify(textsOf(calm, before)),
      `${id}: results up to its event differ`,
    );
  }
  say(
    round.parks.length === culprits.length,
    `parked: ${round.parks.map(({ rule }) => rule).join()}`,
  );
  return wrong;
}

const until = performance.now() + MINUTES * 60_000;
const sums = {
  rounds: 0,
  events: 0,
  results: 0,
  kills: 0,
  stuck: 0,
  memory: 0,
  restarts: 0,
  wrong: 0,
};
for (let seed = SEED; performance.now() < until; seed++) {
  const random = new Random(seed);
  const culprits = randomCulprits(random);
  const calm = await run(planOf(culprits, false), seed, null);
  const round = await run(planOf(culprits, true), seed, random);
  const wrong = wrongOf(calm, round, culprits);
  sums.rounds++;
  sums.events += BATCH * BATCHES;
  sums.results += round.finals.length;
  sums.kills += round.kills;
  sums.restarts += round.restarts;
  for (const { deed } of culprits) sums[deed]++;
  if (wrong.length > 0) sums.wrong++;
  console.log(
    `round ${seed}: ${round.kills} kills, ${culprits.map(({ deed, clause }) => `${deed} in ${clause}`).join(', ')}; ${round.restarts} restarts; ` +
      (wrong.length === 0
        ? 'nothing lost, nothing doubled, the right rules parked'
        : `WRONG: ${wrong.join('; ')}`),
  );
}
console.table([sums]);
process.exitCode = sums.wrong > 0 ? 1 : 0;
