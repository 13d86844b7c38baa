// What it costs that rule code is compiled anew, counted and guarded: typical clauses against the same function as its author
// wrote it, bare, in the same realm. Both read events through the same readers.
//
// In a third variant the guarded function is called as the engine calls it, with marks for the watchdog and a meter.
//
// V8 shares what it learns between functions of the same text, so each variant has a text of its own; and each is measured
// in turns with the others, with several functions alive, as in an engine.
import { Parser } from 'acorn';
import { createContext, Script } from 'node:vm';
import { arm, armLate, defaultCallLimits } from '../packages/core/src/functions/budget.ts';
import { libraryByName } from '../packages/core/src/functions/index.ts';
import { RuleCalls } from '../packages/core/src/engine/protect/rule-calls.ts';
import { MARKS } from '../packages/core/src/frames.ts';
import { instantiate } from '../packages/core/src/functions/instantiate.ts';
import { compile } from '../packages/core/src/language/compile.ts';
import { noSources } from '../packages/core/src/language/config/config.ts';
import { RowReader } from '../packages/core/src/engine/correlate/row-reader.ts';
import { EventView } from '../packages/core/src/formats/event-view.ts';
import { makeJsonDecoder } from '../packages/core/src/formats/json-decoder.ts';
import type { EventReader } from '../packages/core/src/plan/event-reader.ts';
import type { Json, Path } from '../packages/core/src/plan/json.ts';
import type { CodePlan } from '../packages/core/src/plan/plan.ts';
import { makeHost } from '../packages/runtime/src/realm.ts';
import { saveResult, type Row } from './measured.ts';

interface Priced {
  readonly name: string;
  readonly clause: 'FILTER' | 'HAVING';
  /** As an author writes it. */
  readonly rule: string;
  /** The same over `get(i)` of the reader, for the paths that stand before it; `find` is a test that was made before. */
  readonly paths: readonly string[];
  readonly bare: string;
}

const PRICED: readonly Priced[] = [
  {
    name: 'two comparisons',
    clause: 'FILTER',
    rule: "event.port == 22 && event.user != 'root'",
    paths: ['port', 'user'],
    bare: "(e) => e.get(0) == 22 && e.get(1) != 'root'",
  },
  {
    name: 'the filter of the thesis',
    clause: 'FILTER',
    rule: "utils.matches(event.groupTag, '([A-Za-z]+)V[0-9]*') && event.integer == 0 && event.tag == 'id_tag_0'",
    paths: ['groupTag', 'integer', 'tag'],
    bare: "(e) => match(e.get(0)) && e.get(1) == 0 && e.get(2) == 'id_tag_0'",
  },
  {
    name: 'one of five names',
    clause: 'FILTER',
    rule: "event.user == 'adm1' || event.user == 'adm2' || event.user == 'adm3' || event.user == 'adm4' || event.user === 'root'",
    paths: ['user'],
    bare: "(e) => e.get(0) == 'adm1' || e.get(0) == 'adm2' || e.get(0) == 'adm3' || e.get(0) == 'adm4' || e.get(0) === 'root'",
  },
  {
    name: 'three methods of text',
    clause: 'FILTER',
    rule: "event.path.toLowerCase().endsWith('.exe') && event.path.includes('Temp') && !event.user.startsWith('svc')",
    paths: ['path', 'user'],
    bare: "(e) => e.get(0).toLowerCase().endsWith('.exe') && e.get(0).includes('Temp') && !e.get(1).startsWith('svc')",
  },
  {
    name: 'functions of utils',
    clause: 'FILTER',
    rule: "utils.endsWithIgnoreCase(event.path, ['.exe', '.dll']) && utils.inCidr(event.ip, '10.0.0.0/8')",
    paths: ['path', 'ip'],
    bare: '(e) => ends(e.get(0)) && inside(e.get(1))',
  },
  {
    name: 'numbers',
    clause: 'FILTER',
    rule: 'event.bytesOut / (event.bytesIn + 1) > 10 && event.bytesOut >= 4096',
    paths: ['bytesOut', 'bytesIn'],
    bare: '(e) => e.get(0) / (e.get(1) + 1) > 10 && e.get(0) >= 4096',
  },
  {
    name: 'a sum in a loop',
    clause: 'HAVING',
    rule: '(events) => { let sum = 0; for (let i = 0; i < events.length; i++) sum += events[i].bytesOut; return sum > 1e9; }',
    paths: ['bytesOut'],
    bare: '(es) => { let sum = 0; for (let i = 0; i < es.length; i++) sum += es[i].get(0); return sum > 1e9; }',
  },
  {
    name: 'for of, conditions and counting',
    clause: 'HAVING',
    rule: "(events) => { let failed = 0, last = 0; for (const e of events) { if (e.outcome == 'failure' && e.port != 22) failed++; if (e.at - last > 1000) last = e.at; } return failed > 1000; }",
    paths: ['outcome', 'port', 'at'],
    bare: "(es) => { let failed = 0, last = 0; for (const e of es) { if (e.get(0) == 'failure' && e.get(1) != 22) failed++; if (e.get(2) - last > 1000) last = e.get(2); } return failed > 1000; }",
  },
  {
    name: 'counts by user',
    clause: 'HAVING',
    rule: '(events) => { const counts = {}; for (const e of events) counts[e.user] = (counts[e.user] || 0) + 1; return Object.values(counts).some((n) => n > 1000); }',
    paths: ['user'],
    bare: '(es) => { const counts = {}; for (const e of es) counts[e.get(0)] = (counts[e.get(0)] || 0) + 1; return values(counts).some((n) => n > 1000); }',
  },
  {
    name: 'filter, map, reduce',
    clause: 'HAVING',
    rule: "(events) => events.filter((e) => e.outcome == 'failure').map((e) => e.bytesOut).reduce((a, b) => a + b, 0) > 1e9",
    paths: ['outcome', 'bytesOut'],
    bare: "(es) => es.filter((e) => e.get(0) == 'failure').map((e) => e.get(1)).reduce((a, b) => a + b, 0) > 1e9",
  },
  {
    name: 'gaps between events, in a list of its own',
    clause: 'HAVING',
    rule: '(events) => { const gaps = []; for (let i = 1; i < events.length; i++) gaps.push(events[i].at - events[i - 1].at); let mean = 0; for (const g of gaps) mean += g / gaps.length; let dev = 0; for (const g of gaps) dev += (g - mean) * (g - mean); return Math.sqrt(dev / gaps.length) < 0.001 * mean; }',
    paths: ['at'],
    bare: '(es) => { const gaps = []; for (let i = 1; i < es.length; i++) gaps.push(es[i].get(0) - es[i - 1].get(0)); let mean = 0; for (const g of gaps) mean += g / gaps.length; let dev = 0; for (const g of gaps) dev += (g - mean) * (g - mean); return sqrt(dev / gaps.length) < 0.001 * mean; }',
  },
];

let seed = 7;
const random = (below: number): number =>
  (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff) % below;

const EVENTS = Array.from({ length: 256 }, (_, i) => ({
  port: [22, 80, 443, 3389][random(4)]!,
  user: ['root', 'anna', 'bob', 'svc-web', 'adm4'][random(5)]!,
  groupTag: `Demo${'abc'[random(3)]}V0${i % 7}`,
  integer: random(2),
  tag: `id_tag_${random(2)}`,
  path: ['C:\\Windows\\System32\\cmd.exe', 'C:\\Users\\anna\\Temp\\run.EXE', '/usr/bin/ssh'][
    random(3)
  ]!,
  ip: ['10.1.2.3', '192.168.7.9', '8.8.8.8'][random(3)]!,
  bytesOut: random(100_000),
  bytesIn: random(5000),
  outcome: ['failure', 'success'][random(2)]!,
  at: 1_700_000_000_000 + i * 1000 + random(300),
}));

type Call = (input: never) => unknown;

const host = makeHost();
// The bare functions have a realm like that of rules, made the same way but not tamed, and what they need of it.
const realm = createContext(Object.create(null) as object);

function ruleCode({ clause, rule }: Priced): CodePlan {
  const text =
    clause === 'FILTER'
      ? `RULE 'r' SOURCES a = 'b' FILTER ${rule}`
      : `RULE 'r' SOURCES a = 'b' AGGREGATE BY k WITHIN 5:min HAVING ${rule}`;
  const { plan, diagnostics } = compile([{ name: 'r', text }], { sources: noSources });
  const wrong = diagnostics.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw new Error(`${rule}: ${wrong.message}`);
  const { filter, detect } = plan.rules[0]!;
  if (clause === 'FILTER') return filter!;
  if (detect.kind !== 'window' || detect.having.kind !== 'events') throw new Error(rule);
  return detect.having.code;
}

const VARIANTS = ['bare', 'guarded', 'watched'] as const;
type Variants = Readonly<Record<(typeof VARIANTS)[number], () => unknown>>;

const cpuNow = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
const marks = new Int32Array(new SharedArrayBuffer(MARKS * Int32Array.BYTES_PER_ELEMENT));
const ruleCalls = new RuleCalls({ ...host, now: () => performance.now(), cpuNow, marks });

/** All variants as functions of an index, and what reads for them. */
function variants(priced: Priced): Variants {
  const plan = ruleCode(priced);
  const sourceOf = (variant: string): string =>
    plan.source.replace('"use strict";', `"use strict"; /* ${variant} */`);
  const names = plan.paths.map((path) => path.join('.'));
  const slots = Int32Array.from(names, (_name, i) => i);
  const made = (variant: string): Call =>
    instantiate({ ...plan, source: sourceOf(variant) }, slots, host.compile) as Call;
  const text = `(match, ends, inside, values, sqrt) => { "use strict"; return ${priced.bare}; }`;
  Parser.parse(text, { ecmaVersion: 2025 });
  const [match, ends, inside] = [
    libraryByName.get('matches')!.prepare!('([A-Za-z]+)V[0-9]*'),
    libraryByName.get('endsWithIgnoreCase')!.prepare!(['.exe', '.dll']),
    libraryByName.get('inCidr')!.prepare!('10.0.0.0/8'),
  ];
  const own = new Script(text).runInContext(realm) as (...known: unknown[]) => Call;
  const bare = own(match, ends, inside, Object.values, Math.sqrt);
  return {
    guarded: calls(priced, made('guarded'), names, plan.isLight ? 'armLate' : 'arm'),
    watched: calls(
      priced,
      ruleCalls.watch(ruleCalls.guard(priced.name), priced.clause, made('watched'), plan.isLight),
      names,
      'no',
    ),
    bare: calls(priced, bare, priced.paths, 'no'),
  };
}

/** Events as the engine shows them to rules: a FILTER reads a decoded record, HAVING the rows of a window. */
function calls(
  priced: Priced,
  call: Call,
  names: readonly string[],
  armed: 'arm' | 'armLate' | 'no',
): () => unknown {
  const paths = names.map((name) => [name]);
  const inputs = priced.clause === 'FILTER' ? filterInputs(paths) : windowInputs(paths);
  let at = 0;
  return () => {
    at = at + 1 === EVENTS.length ? 0 : at + 1;
    const input = inputs(at);
    if (armed === 'arm') arm(defaultCallLimits);
    else if (armed === 'armLate') armLate(defaultCallLimits);
    return call(input as never);
  };
}

function filterInputs(paths: readonly Path[]): (at: number) => EventReader {
  const records = EVENTS.map((event) => new TextEncoder().encode(JSON.stringify(event)));
  const lengths = Int32Array.from(records, ({ length }) => length);
  let length = 0;
  const starts = Int32Array.from(records, (record) => (length += record.length) - record.length);
  const bytes = new Uint8Array(length);
  records.forEach((record, i) => bytes.set(record, starts[i]));
  const batch = makeJsonDecoder(paths).decode(bytes, starts, lengths, records.length);
  const view = new EventView(paths);
  return (at) => {
    view.moveTo(batch, at);
    return view;
  };
}

function windowInputs(paths: readonly Path[]): (at: number) => readonly EventReader[] {
  const reads = paths.map((_path, i) => i);
  const columns = paths.map(() => ({ kind: 'path' }));
  const rows = EVENTS.map((event, position) => {
    const values = paths.map(([name]) => (event as Record<string, Json>)[name!]);
    const held = { at: event.at, partition: 0, number: position, position, columns: values };
    return new RowReader(held, reads, paths, columns);
  });
  const windows = Array.from({ length: 8 }, (_, i) => rows.slice(i * 16, i * 16 + 100));
  return (at) => windows[at % 8]!;
}

function nanosecondsOf(run: () => unknown, count: number): number {
  let held: unknown = 0;
  const begin = process.hrtime.bigint();
  for (let i = 0; i < count; i++) held = run();
  const took = Number(process.hrtime.bigint() - begin) / count;
  if (held === priceless) throw new Error('never');
  return took;
}
const priceless = Symbol('nothing that a rule gives');

/** Many and short: others use the machine too, and the best round of each is one that was not disturbed. */
const ROUNDS = 401;
const rows: Row[] = [];
for (const priced of PRICED) {
  const best = { bare: Infinity, guarded: Infinity, watched: Infinity };
  const count = priced.clause === 'FILTER' ? 10_000 : 100;
  const pair = variants(priced);
  for (let i = 0; i < 512; i++)
    if (new Set(VARIANTS.map((which) => Boolean(pair[which]()))).size > 1)
      throw new Error(`${priced.name}: they differ`);
  for (let round = 1; round <= ROUNDS; round++)
    for (const which of round % 2 === 0 ? VARIANTS : VARIANTS.toReversed())
      best[which] = Math.min(best[which], nanosecondsOf(pair[which], count));
  const ratio = best.guarded / best.bare;
  rows.push({
    clause: priced.clause,
    code: priced.name,
    bareNs: Number(best.bare.toFixed(1)),
    guardedNs: Number(best.guarded.toFixed(1)),
    ratio: Number(ratio.toFixed(2)),
    watchedNs: Number(best.watched.toFixed(1)),
  });
  console.log(rows.at(-1));
}

const mean = (clause: string): number => {
  const ratios = rows.filter((row) => row['clause'] === clause).map(({ ratio }) => Number(ratio));
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
};
const worst = (clause: string): string => {
  const [dearest] = rows
    .filter((row) => row['clause'] === clause)
    .toSorted((a, b) => Number(b['ratio']) - Number(a['ratio']));
  const { ratio, code, bareNs, guardedNs } = dearest!;
  const moreNs = (Number(guardedNs) - Number(bareNs)).toFixed(0);
  return `${Number(ratio).toFixed(2)} for "${code}", which is ${moreNs} ns more`;
};
const told = (clause: string): string =>
  `${mean(clause).toFixed(2)} times the bare function (at most ${worst(clause)})`;
saveResult(
  'rule-price',
  'What does it cost that rule code is compiled anew, counted and guarded?',
  rows,
  `FILTER costs ${told('FILTER')}; HAVING over 100 events ${told('HAVING')}. Geometric means; best of ${ROUNDS} short rounds in turns, budget armed for each call.`,
);
