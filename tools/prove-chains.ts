// `npm run prove:chains [EVENTS]`: attack chains planted in millions of generated events are found, exactly these, once each.
//
// 2,000 tenants; four sources that arrive 0, 5, 15 and 30 minutes behind, each out of order by some seconds and with a
// lateness of its own; a session for every ten events, most of them open. Planted are failures then a success, a
// download then a POST, and RDP sessions that go out here and come in there; and chains that are nearly that: four of
// five, the wrong order, a millisecond too long, another user, another tenant.
import { openCore } from '../packages/core/src/engine/engine.ts';
import type { FrameFromEngine, FrameToEngine } from '../packages/core/src/frames.ts';
import { compile } from '../packages/core/src/language/compile.ts';
import type { Result } from '../packages/core/src/plan/result.ts';
import { defaultSource, type SourcePlan } from '../packages/core/src/plan/source-plan.ts';
import { makeHost } from '../packages/runtime/src/realm.ts';

const EVENTS = Number(process.argv[2] ?? 10_000_000);
const TENANTS = 2000;
const START = 1_700_000_400_000;
const MINUTE = 60_000;
const BATCH = 5000;

const RULES = `
RULE "failures then success"
SOURCES $source = 'auth'
SEQUENCE BY user WITHIN 10:min
STEP fail FILTER event.type == 'fail' TIMES 5 OR MORE UNTIL event.type == 'ok'
STEP success FILTER event.type == 'ok'

RULE "download then post"
SEQUENCE BY host WITHIN 15:min
STEP download SOURCES $source = 'proxy' FILTER event.type == 'download' && event.mime == 'exe'
STEP post SOURCES $source = 'web' FILTER event.type == 'post' && event.site == 'bad'

RULE "rdp out and in"
JOIN BY id WITHIN 20:min
SIDE out SOURCES $source = 'web' AND type = 'rdp-out'
SIDE in SOURCES $source = 'rdp' AND type = 'rdp-in'
`;

/** How far each source is behind, how much out of order, and how late its events may be, ms. */
const SOURCES = {
  auth: { behindMs: 0, boundMs: 2000, latenessMs: 1000 },
  proxy: { behindMs: 5 * MINUTE, boundMs: 5000, latenessMs: 5000 },
  web: { behindMs: 15 * MINUTE, boundMs: 10_000, latenessMs: 2000 },
  rdp: { behindMs: 30 * MINUTE, boundMs: 1000, latenessMs: 10_000 },
} as const;
type Source = keyof typeof SOURCES;

interface Made {
  readonly at: number;
  readonly source: Source;
  readonly fields: Readonly<Record<string, unknown>>;
}

let seed = 42;
/** Uniform in [0, 1): mulberry32. */
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n: number): number => Math.floor(random() * n);

/** Planted keys by rule: exactly these are to be found. */
const planted = {
  'failures then success': new Set<string>(),
  'download then post': new Set<string>(),
  'rdp out and in': new Set<string>(),
};
let near = 0;
let serial = 0;

/** What happens from `at` on: one session of noise, a planted chain, or nearly one. */
function story(at: number): Made[] {
  const tenant = `t${below(TENANTS)}`;
  const own = `k${serial++}`;
  const auth = (ms: number, type: string, user = own, of = tenant): Made => ({
    at: at + ms,
    source: 'auth',
    fields: { tenant: of, user, type },
  });
  const chance = random();
  if (chance < 0.0006) return chains(at, tenant, own, auth);
  // A session that stays open: some failures, a download without a POST, or one side of a connection.
  const kind = below(3);
  if (kind === 0)
    return Array.from({ length: 1 + below(4) }, (_, i) => auth(i * 1000 + below(900), 'fail'));
  if (kind === 1)
    return [
      {
        at,
        source: 'proxy',
        fields: { tenant, host: own, type: 'download', mime: random() < 0.5 ? 'exe' : 'html' },
      },
      {
        at: at + below(MINUTE),
        source: 'web',
        fields: { tenant, host: own, type: 'post', site: 'good' },
      },
    ];
  return random() < 0.5
    ? [{ at, source: 'web', fields: { tenant, id: own, type: 'rdp-out' } }]
    : [{ at, source: 'rdp', fields: { tenant, id: own, type: 'rdp-in' } }];
}

function chains(
  at: number,
  tenant: string,
  own: string,
  auth: (ms: number, type: string, user?: string, of?: string) => Made,
): Made[] {
  const other = `${own}x`;
  const fails = (count: number): Made[] =>
    Array.from({ length: count }, (_, i) => auth(i * 1000, 'fail'));
  const plant = (rule: keyof typeof planted, events: Made[]): Made[] => {
    planted[rule].add(`${tenant} ${own}`);
    return events;
  };
  const download: Made = {
    at,
    source: 'proxy',
    fields: { tenant, host: own, type: 'download', mime: 'exe' },
  };
  const post = (ms: number, host = own): Made => ({
    at: at + ms,
    source: 'web',
    fields: { tenant, host, type: 'post', site: 'bad' },
  });
  const out: Made = { at, source: 'web', fields: { tenant, id: own, type: 'rdp-out' } };
  const into = (ms: number, id = own, of = tenant): Made => ({
    at: at + ms,
    source: 'rdp',
    fields: { tenant: of, id, type: 'rdp-in' },
  });
  const choices: (() => Made[])[] = [
    () => plant('failures then success', [...fails(5), auth(6000, 'ok')]),
    () => plant('failures then success', [...fails(9), auth(10 * MINUTE - 1, 'ok')]),
    () => plant('download then post', [download, post(15 * MINUTE - 1)]),
    () => plant('download then post', [download, post(1)]),
    () => plant('rdp out and in', [out, into(20 * MINUTE - 1)]),
    () => plant('rdp out and in', [out, into(-5 * MINUTE)]),
    () => [...fails(4), auth(6000, 'ok')],
    () => [auth(0, 'ok'), ...fails(5).map((one) => ({ ...one, at: one.at + 1 }))],
    () => [...fails(5), auth(10 * MINUTE, 'ok')],
    () => [...fails(5), auth(6000, 'ok', other)],
    () => [
      ...fails(3),
      ...fails(2).map((one) => ({ ...one, fields: { ...one.fields, tenant: 'elsewhere' } })),
      auth(9000, 'ok'),
    ],
    () => [download, post(-1)],
    () => [download, post(15 * MINUTE)],
    () => [download, post(1000, other)],
    () => [out, into(20 * MINUTE)],
    () => [out, into(-20 * MINUTE)],
    () => [out, into(1000, other)],
    () => [out, into(1000, own, 'elsewhere')],
  ];
  const chosen = below(choices.length);
  if (chosen >= 6) near++;
  return choices[chosen]!();
}

/** Events in the order of arrival: each source behind by its delay, and each event a little more. */
class Arrivals {
  readonly #queue: { readonly due: number; readonly made: Made }[] = [];

  push(made: Made): void {
    const { behindMs, boundMs, latenessMs } = SOURCES[made.source];
    // Out of order by as much as bound and lateness allow together.
    const due = made.at + behindMs + random() * (boundMs + latenessMs - 1);
    const queue = this.#queue;
    let i = queue.push({ due, made }) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (queue[parent]!.due <= due) break;
      queue[i] = queue[parent]!;
      i = parent;
    }
    queue[i] = { due, made };
  }

  /** The next event that is due by then. */
  take(until: number): Made | null {
    const queue = this.#queue;
    const first = queue[0];
    if (first === undefined || first.due > until) return null;
    const last = queue.pop()!;
    if (queue.length > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= queue.length) break;
        if (child + 1 < queue.length && queue[child + 1]!.due < queue[child]!.due) child++;
        if (queue[child]!.due >= last.due) break;
        queue[i] = queue[child]!;
        i = child;
      }
      queue[i] = last;
    }
    return first.made;
  }
}

const sources = Object.entries(SOURCES).map(([name, { boundMs, latenessMs }]): SourcePlan => ({
  ...defaultSource,
  name,
  tenant: { kind: 'field', path: ['tenant'] },
  time: { paths: [['at']], format: null, zone: 'UTC' },
  boundMs,
  latenessMs,
}));
const plans = { sources, lists: [], tenants: [] };
const { plan, diagnostics } = compile([{ name: 'chains.weir', text: RULES }], { sources: plans });
for (const { code, message, severity } of diagnostics)
  if (severity === 'error') throw new Error(`${code}: ${message}`);

const core = openCore(makeHost());
const finals: Result[] = [];
const lives = new Map<string, string>();
let late = 0;
let sent = 0;

function send(frame: FrameToEngine): void {
  for (const answer of core.receive(frame)) take(answer);
}

function take(answer: FrameFromEngine): void {
  if (answer.type === 'done') late = answer.counts.late;
  if (answer.type !== 'results') return;
  for (const { change, result } of answer.changes) {
    if (change === 'withdraw') lives.delete(result.id);
    else lives.set(result.id, `${result.rule} ${result.tenant}`);
    if (change === 'final') finals.push(result);
  }
}

const pending: Record<Source, { numbers: number[]; records: string[] }> = {
  auth: { numbers: [], records: [] },
  proxy: { numbers: [], records: [] },
  web: { numbers: [], records: [] },
  rdp: { numbers: [], records: [] },
};
const ordinals: Record<Source, number> = { auth: 0, proxy: 0, web: 0, rdp: 0 };

function flush(source: Source): void {
  const { numbers, records } = pending[source];
  if (records.length === 0) return;
  const starts = new Int32Array(records.length);
  let length = 0;
  records.forEach((record, i) => {
    starts[i] = length;
    length += record.length;
  });
  send({
    type: 'batch',
    source,
    partition: 'p',
    numbers: Float64Array.from(numbers),
    arrivedAt: new Float64Array(records.length).fill(Number.NaN),
    starts,
    lengths: Int32Array.from(records, (record) => record.length),
    bytes: new Uint8Array(Buffer.from(records.join(''), 'latin1')),
  });
  pending[source] = { numbers: [], records: [] };
}

function deliver({ at, source, fields }: Made): void {
  const to = pending[source];
  to.numbers.push(ordinals[source]++);
  to.records.push(JSON.stringify({ at, ...fields }));
  sent++;
  if (to.records.length >= BATCH) flush(source);
  if (sent % 500_000 === 0) {
    const { rss } = process.memoryUsage();
    process.stderr.write(
      `${sent.toLocaleString('en-US')} events, ${finals.length} final, ${(rss / 2 ** 20).toFixed(0)} MB\n`,
    );
  }
}

send({ type: 'open', from: 0, to: 128 });
send({ type: 'change', change: { kind: 'sources', sources: plans } });
send({ type: 'change', change: { kind: 'rules', plan } });
send({ type: 'start', partitions: sources.map(({ name }) => ({ source: name, partition: 'p' })) });

const arrivals = new Arrivals();
const begun = performance.now();
/** So many sessions begin in 20 minutes that a million are open. */
const stepMs = (20 * MINUTE) / 1_000_000;
let openAtOnce = 0;
for (let made = 0, now = START; made < EVENTS; now += stepMs) {
  for (const one of story(Math.floor(now))) {
    arrivals.push(one);
    made++;
  }
  openAtOnce = Math.min(serial, Math.floor((20 * MINUTE) / stepMs));
  for (let next = arrivals.take(now); next !== null; next = arrivals.take(now)) deliver(next);
}
for (let next = arrivals.take(Infinity); next !== null; next = arrivals.take(Infinity))
  deliver(next);
for (const source of Object.keys(SOURCES) as Source[]) flush(source);
for (const { name } of sources) send({ type: 'end', partition: { source: name, partition: 'p' } });
send({ type: 'finish' });
const seconds = (performance.now() - begun) / 1000;

let isRight = true;
for (const [rule, keys] of Object.entries(planted)) {
  const found = finals
    .filter((result) => result.rule === rule)
    .map((result) => `${result.tenant} ${Object.values(result.key)[0]}`);
  const missing = [...keys].filter((key) => !found.includes(key));
  const more = found.filter((key) => !keys.has(key));
  const twice = found.length - new Set(found).size;
  if (missing.length + more.length + twice > 0) isRight = false;
  console.log(
    `${rule}: ${keys.size} planted, ${found.length} found, ${missing.length} missing, ${more.length} that were not planted, ${twice} twice`,
  );
  for (const key of [...missing.slice(0, 3), ...more.slice(0, 3)]) console.log(`  ${key}`);
}
if (lives.size !== finals.length) isRight = false;
console.log(
  `${sent.toLocaleString('en-US')} events, ${TENANTS.toLocaleString('en-US')} tenants, ${serial.toLocaleString('en-US')} sessions, ${openAtOnce.toLocaleString('en-US')} begun in any 20 minutes, ${near} near-chains, ${late} late; ${seconds.toFixed(0)} s, ${Math.round(sent / seconds).toLocaleString('en-US')} events a second`,
);
console.log(isRight ? 'exactly the planted ones, once each' : 'not as planted');
process.exitCode = isRight ? 0 : 1;
