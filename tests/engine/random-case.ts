import {
  defaultSource,
  type SourcePlan,
  type SourcesPlan,
} from '../../packages/core/src/plan/source-plan.ts';
import { compile, type Compiled } from '../../packages/core/src/language/compile.ts';
import type { ViewPlan } from '../../packages/core/src/plan/view-plan.ts';
import type { Delivery } from '../reference/events.ts';
import type { ReferenceList } from '../reference/lists.ts';
import { randomParts } from './random-parts.ts';
import type { Random } from './random.ts';

export interface RandomCase {
  readonly text: string;
  readonly compiled: Compiled;
  readonly sources: SourcesPlan;
  readonly lists: readonly ReferenceList[];
  /** One arrival order in which no partition's events are out of order by more than bound and lateness, unless `isLate`. */
  readonly deliveries: readonly Delivery[];
  /** Another such order. */
  readonly reordered: readonly Delivery[];
  readonly isLate: boolean;
}

const TIME = { paths: [['t']], format: null, zone: 'UTC' };
const BASE = 1_700_000_000_000;

export function randomCase(random: Random): RandomCase {
  // Half of the cases are of few kinds of events and of rules that most of them meet, so that much is found.
  const isDense = random.chance(0.5);
  const sources = randomSources(random);
  const text = Array.from({ length: random.between(1, 3) }, (_, i) =>
    isDense ? denseRule(random, i) : randomRule(random, i),
  ).join('\n');
  const compiled = compile([{ name: 'random.weir', text }], { sources });
  const isLate = random.chance(0.3);
  const perPartition = randomEvents(random, sources, isDense);
  const order = (): Delivery[] =>
    interleaved(
      random,
      perPartition.map((events) => arrival(random, events, sources, isLate)),
    );
  const deliveries = order();
  const reordered = interleaved(
    random,
    perPartition.map((events) => arrival(random, events, sources, false)),
  );
  const lists = [
    {
      name: 'bad',
      kind: 'exact' as const,
      rows: [
        { value: 'a', note: 'first' },
        { value: '7', note: '' },
      ],
    },
  ];
  return { text, compiled, sources, lists, deliveries, reordered, isLate };
}

export interface EditCase {
  readonly before: Compiled & { readonly text: string };
  readonly after: Compiled & { readonly text: string };
  readonly sources: SourcesPlan;
  readonly deliveries: readonly Delivery[];
}

/** A rule, another version of it, and events of few kinds; none of them late. */
export function denseCase(random: Random): EditCase {
  const sources = randomSources(random);
  const plain = {
    ...sources,
    sources: sources.sources.map((one) => ({
      ...one,
      tenant: { kind: 'constant', name: 'acme' } as const,
      identity: [],
      arrivedAt: null,
      view: null,
    })),
  };
  const compiled = (text: string): EditCase['before'] => ({
    ...compile([{ name: 'random.weir', text }], { sources: plain }),
    text,
  });
  const text = editedRule(random);
  const events = randomEvents(random, plain, true).map((one) => arrival(random, one, plain, false));
  return {
    before: compiled(text[0]),
    after: compiled(text[1]),
    sources: plain,
    deliveries: interleaved(random, events),
  };
}

/** A rule and what became of it: another threshold, SINK, FILTER, key or span. */
function editedRule(random: Random): [string, string] {
  const window = random.of(WINDOWS);
  const having = (): string =>
    random.of(['count() >= 2', 'count() >= 3', 'distinct(v) >= 2', 'sum(v) > 2']);
  const late = random.chance(0.3);
  const one = (n: number): string => (late ? `avg(v) > ${n}` : having());
  const parts = random.chance(0.4) ? randomParts(random) : null;
  const isStrict = parts !== null && /NEXT|CONSECUTIVE/.test(parts.join(' '));
  const rule = (filter: string, by: string, within: string, end: string, sink: string): string =>
    [
      'RULE "rule"',
      ...(filter === '' && !isStrict ? [] : [`FILTER ${filter || 'event.v != 3'}`]),
      ...(parts !== null ? parts : [`AGGREGATE BY ${by} WITHIN ${within}`, `HAVING ${end}`]),
      ...(sink === '' ? [] : [`SINK ${sink}`]),
    ].join('\n  ');
  const first = rule('', 'u', window, one(1), '');
  const changed = random.of([
    () => rule('', 'u', window, one(0), ''),
    () => rule('', 'u', window, one(0), ''),
    () => rule('', 'u', window, one(1), 'event => ({ c: event.count })'),
    () => rule('event.v > 0', 'u', window, one(1), ''),
    () => rule('', random.of(['u', '*']), random.of(WINDOWS), one(1), ''),
  ]);
  return [first, changed()];
}

/** Other names, letter case, objects to look into, and kinds of events that overlap. */
const VIEW: ViewPlan = {
  name: 'random',
  within: [['in'], ['far', 'away']],
  names: { u: [['other_u'], ['in', 'other']], 'o.p': [['op']] },
  isFolded: true,
  classes: [
    {
      when: [{ path: ['v'], values: ['2', 'TRUE'] }],
      product: 'p',
      service: null,
      category: 'two',
      names: { u: ['v'], w: ['r'] },
    },
    {
      when: [{ path: ['u'], values: null }],
      product: 'q',
      service: 's',
      category: 'some',
      names: {},
    },
    {
      when: [{ path: ['u'], values: ['A'] }],
      product: 'r',
      service: null,
      category: 'two',
      names: { o: ['list'] },
    },
  ],
};

/** The same fields where a view finds them. */
function disguised(random: Random, fields: Record<string, unknown>): Record<string, unknown> {
  const { u, v, o, ...rest } = fields;
  const made: Record<string, unknown> = { ...rest };
  for (const [name, value] of Object.entries({ u, v, o })) {
    if (value === undefined) continue;
    const spelt = random.of([name, name, name.toUpperCase(), ` ${name}`]);
    const within = random.of(['', '', 'in', 'other_']);
    if (within === 'in') made['in'] = { ...(made['in'] as object | undefined), [spelt]: value };
    else made[within === '' ? spelt : `other_${name}`] = value;
    if (random.chance(0.2)) made[name.toUpperCase()] = random.of(['a', 2, null]);
  }
  return made;
}

function randomSources(random: Random): SourcesPlan {
  const source = (name: string): SourcePlan => ({
    ...defaultSource,
    name,
    tenant: random.chance(0.3)
      ? { kind: 'field', path: ['tenant'] }
      : { kind: 'constant', name: 'acme' },
    identity: random.chance(0.3) ? [['n']] : [],
    time: TIME,
    arrivedAt: random.chance(0.3) ? { ...TIME, paths: [['r']] } : null,
    boundMs: random.of([0, 0, 5, 40]),
    latenessMs: random.of([null, null, 0, 20]),
    fields: random.chance(0.5) ? { kind: name } : {},
    empty: random.chance(0.3) ? ['-'] : [],
    view: random.chance(0.3) ? VIEW : null,
    logSource: {
      product: random.chance(0.1) ? 'q' : null,
      service: null,
      category: random.chance(0.1) ? 'two' : null,
    },
  });
  return {
    sources: ['one', 'two'].slice(0, random.between(1, 2)).map(source),
    lists: [{ name: 'bad', kind: 'exact', file: 'bad.txt' }],
    tenants: random.chance(0.3) ? [{ name: 'acme', latenessMs: 15 }] : [],
  };
}

/** A rule about the results of rules before it, and perhaps about events too. */
function readingRule(random: Random, i: number): string {
  const lines = [`RULE "rule ${i}"`];
  const below = random.below(i);
  const names = random.of([
    `$rule = 'rule ${below}'`,
    `$rule = 'rule ${below}'`,
    `$tag = 't${below}'`,
    `$severity = '${SEVERITIES[below]}'`,
    `$rule = ['rule 0', 'rule ${i - 1}']`,
  ]);
  const keys = random.of(['u', 'u', '*', '*', 'k = event.u', '$rule', 'EACH list']);
  const filter = random.of([
    null,
    null,
    null,
    'event.count > 1',
    'event.u != "b"',
    'event.$at % 2 == 0',
  ]);
  if (random.chance(0.3)) lines.push(`LATENESS ${random.of(['0:ms', '25:ms'])}`);
  if (random.chance(0.5)) {
    lines.splice(1, 0, `SOURCES ${names}`);
    if (filter !== null) lines.splice(2, 0, `FILTER ${filter}`);
    lines.push(`AGGREGATE BY ${keys} WITHIN ${random.of(WINDOWS)}`);
    const having = random.of([
      null,
      'count() >= 2',
      'sum(count) > 3',
      'last(u) != first(u)',
      'distinct($id) > 1',
      'events => events.length > 1 && { us: events.map((e) => e.u) }',
    ]);
    if (having !== null) lines.push(`HAVING ${having}`);
  } else {
    const other = random.of(['FILTER event.v == 1', 'FILTER event.v > 0', `SOURCES ${names}`]);
    const parts = random.of([
      [`SEQUENCE BY ${keys} WITHIN 60:ms`, `STEP r SOURCES ${names}`, `STEP e ${other}`],
      [
        `SEQUENCE BY ${keys} WITHIN 60:ms`,
        `STEP e ${other}`,
        `STEP r SOURCES ${names}`,
        `SKIP NONE`,
      ],
      [`SEQUENCE BY ${keys} WITHIN 40:ms`, `STEP r SOURCES ${names}`, `ABSENT e ${other}`],
      [`ALL BY ${keys} WITHIN 50:ms`, `STEP r SOURCES ${names}`, `STEP e ${other}`],
      [
        `JOIN BY ${keys} WITHIN 30:ms`,
        `SIDE r SOURCES ${names}`,
        `SIDE e ${other}`,
        `KEEP UNMATCHED r`,
      ],
    ]);
    lines.push(...parts);
  }
  lines.splice(1, 0, `SEVERITY ${SEVERITIES[i]} TAGS 't${i}'`);
  if (random.chance(0.3)) lines.push(randomAlert(random));
  return lines.join('\n  ');
}

const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

const randomAlert = (random: Random): string =>
  `ALERT BY ${random.of(['u', '*', 'u, k', 'count', 'n'])}${random.of(['', ' FOR 20:ms', ' FOR 50:ms MAX 100:ms'])}`;

const WINDOWS = [
  '50:ms',
  '50:ms, 20:ms',
  '40:ms SLIDING',
  '40:ms SLIDING EVERY',
  'SESSION 20:ms',
  '40:ms FROM FIRST',
  '2:events EXPIRES 30:ms',
];

function denseRule(random: Random, i: number): string {
  if (i > 0 && random.chance(0.4)) return readingRule(random, i);
  const lines = [`RULE "rule ${i}"`, `SEVERITY ${SEVERITIES[i]} TAGS 't${i}'`];
  if (random.chance(0.3))
    lines.push(
      ...[
        'AGGREGATE BY u',
        `WITHIN ${random.of(WINDOWS)}`,
        `HAVING ${randomHaving(random, true) ?? 'count() >= 2'}`,
      ],
    );
  else return denseParts(random, lines);
  if (random.chance(0.3)) lines.push(randomAlert(random));
  return lines.join('\n  ');
}

function denseParts(random: Random, lines: string[]): string {
  if (random.chance(0.3)) lines.push(`LATENESS ${random.of(['0:ms', '25:ms', '60:ms'])}`);
  lines.push(...randomParts(random));
  if (/NEXT|CONSECUTIVE/.test(lines.join(' '))) lines.splice(2, 0, 'FILTER event.v != 3');
  if (random.chance(0.2)) lines.push(randomAlert(random));
  return lines.join('\n  ');
}

function randomRule(random: Random, i: number): string {
  if (i > 0 && random.chance(0.2)) return readingRule(random, i);
  const lines = [`RULE "rule ${i}"`, `SEVERITY ${SEVERITIES[i]} TAGS 't${i}'`];
  if (random.chance(0.2)) lines.push(`STATUS ${random.of(['shadow', 'disabled', 'enabled'])}`);
  if (random.chance(0.2)) lines.push("TENANTS ['acme']");
  const sources = random.of([
    null,
    null,
    "kind = 'one'",
    "$source = ['one', 'two']",
    "$source = 'two'",
    "u = ['a', 'b']",
    "u = ['a', 'b'] AND v = '1'",
    "list = 'x'",
    "$category = 'two'",
    "$product = ['p', 'q'] AND $category = ['two', 'some']",
    "$service = 's' AND u = ['a', 'A']",
  ]);
  if (sources !== null) lines.push(`SOURCES ${sources}`);
  const filter = random.of([
    null,
    null,
    'event.v > 1',
    'event.u != "c"',
    "utils.includesIgnoreCase(event.u, 'A')",
    '(event) => { let n = 0; for (const x of event.list) n += x; return n > 2; }',
    'event.o.p == 1 || event.v == 2',
    'event.u.toUpperCase() == "A"',
    'event.u.nothing()',
    "['a', 'b'].includes(event.u)",
  ]);
  if (filter !== null && !filter.includes('nothing')) lines.push(`FILTER ${filter}`);
  if (random.chance(0.15))
    lines.push(
      `IOC FILTERS ${random.of(['IN bad(u)', 'NOT IN bad(u)', 'IN bad(u) OR IN bad(v)', 'IN bad(list)'])}`,
    );
  if (random.chance(0.2))
    lines.push(
      `EXCEPT ${random.of(['event.v == 1', "event.u == 'a' && event.v", 'event.o.p.q', 'event.list.length > 1', 'event.u.toUpperCase() == "B"'])} REASON 'known' ${random.of(['', "UNTIL '2023-11-14T22:13:20.050Z'"])}`,
    );
  if (random.chance(0.15))
    return [
      ...lines,
      ...(random.chance(0.5)
        ? ['SINK event => ({ u: event.u, twice: event.v * 2, two: event.o.p })']
        : []),
    ].join('\n  ');
  if (random.chance(0.2)) lines.push(`USING ${random.of(['w', 'w BOUND 30:ms', '$arrivedAt'])}`);
  if (random.chance(0.3)) lines.push(`LATENESS ${random.of(['0:ms', '25:ms', '60:ms'])}`);
  if (random.chance(0.4)) {
    lines.push(...randomParts(random));
    // Something must say what is next to what.
    const isStrict = /NEXT|CONSECUTIVE/.test(lines.join(' '));
    const hasInput = lines.some((line) => /^(SOURCES|FILTER|IOC)/.test(line));
    if (isStrict && !hasInput) lines.splice(2, 0, 'FILTER event.v != 3');
    if (random.chance(0.15))
      lines.push(
        `SINK ${random.of(['event => event', 'event => event.count > 2', 'event => ({ c: event.count, s: event.$start })'])}`,
      );
    return lines.join('\n  ');
  }
  lines.push(
    `AGGREGATE BY ${random.of(['u', 'u', 'u, v', '*', 'EACH list', 'k = utils.lower(event.u)', 'EACH list, u', 'o', 'EACH $category', '$product, u'])}`,
  );
  const window = random.of([
    '50:ms',
    '50:ms, 20:ms',
    '30:ms, 10:ms',
    '100:ms, 30:ms',
    '40:ms SLIDING',
    '40:ms SLIDING',
    '40:ms SLIDING EVERY',
    '60:ms SLIDING MAX 90:ms',
    'SESSION 15:ms',
    'SESSION 30:ms',
    'SESSION 20:ms MAX 35:ms',
    '40:ms FROM FIRST',
    '3:events',
    '2:events EXPIRES 20:ms',
  ]);
  lines.push(`WITHIN ${window}`);
  if (random.chance(0.2)) lines.push(`SORT BY ${random.of(['v', 'v DESC', 'u, v DESC'])}`);
  const having = randomHaving(random, /SLIDING|SESSION|FIRST|events/.test(window));
  if (having !== null) lines.push(`HAVING ${having}`);
  if (random.chance(0.2))
    lines.push(
      `SINK ${random.of(['event => event', 'event => event.count > 2', 'event => { event.note = "seen"; return [event, { id: "x" }]; }', 'event => ({ c: event.count, s: event.$start })'])}`,
    );
  return lines.join('\n  ');
}

function randomHaving(random: Random, hasNoPrevious: boolean): string | null {
  const early = [
    'count() >= 2',
    'count() > 2',
    'distinct(v) >= 2',
    'sum(v) > 3',
    'count(event.v > 1) >= 2',
    'count() >= 2 && distinct(v) > 1',
    'distinct(u, v) >= 2 || sum(v) >= 6',
    'events => events.length >= 3',
    'count() >= 2 && { n: count(), last: last(u) }',
  ];
  const late = [
    'avg(v) > 1',
    'min(v) < 1 && max(v) > 1',
    'stddev(v) > 0.5',
    'percentile(v, 90) > 1.5',
    'first(u) != last(u)',
    'rate() > 20',
    'values(v, 2).length > 1',
    'top(v, 2)[0] == 1 || { most: top(u, 3) }',
    'count() == 2',
    'count() >= 1 && count() < 4',
    'events => events.some((e) => e.v == 2)',
    'events => ({ us: events.map((e) => e.u).join(), n: events.length })',
    'events => events.filter((e) => e.v > 0).map((e) => ({ id: e.v, w: e.w }))',
    'function (events) { var s = 0; for (var i = 0; i < events.length; i++) { s += events[i].v; } return s > 3 && { s: s }; }',
    'events => events[0]',
    '[{ id: "a", n: count() }, count() > 2, null]',
    'sum(v) > 1 && { s: sum(v), a: avg(v), d: stddev(v), q: percentile(v, 50) }',
  ];
  const previous = [
    'count() > previous(count())',
    'avg(v) > 1.05 * previous(avg(v))',
    'previous(count()) == undefined',
  ];
  const all = [null, ...early, ...early, ...late, ...(hasNoPrevious ? [] : previous)];
  return random.of(all);
}

interface RandomEvent {
  readonly source: string;
  readonly partition: string;
  readonly number: number;
  readonly at: number;
  readonly arrivedAt: number;
  readonly record: string;
}

function randomEvents(random: Random, { sources }: SourcesPlan, isDense: boolean): RandomEvent[][] {
  const spanMs = random.of([100, 200, 400]);
  return sources.flatMap(({ name }) =>
    Array.from({ length: random.between(1, 2) }, (_, p) =>
      Array.from({ length: random.between(0, 18) }, (_, i) =>
        isDense
          ? denseEvent(random, name, `p${p}`, i + 1, BASE + random.below(spanMs))
          : randomEvent(random, name, `p${p}`, i + 1, BASE + random.below(spanMs)),
      ),
    ),
  );
}

function denseEvent(
  random: Random,
  source: string,
  partition: string,
  number: number,
  at: number,
): RandomEvent {
  const fields = {
    u: random.of(['a', 'a', 'b']),
    v: random.of([0, 1, 1, 2]),
    t: at,
    tenant: 'acme',
    n: number + 100,
    ...(random.chance(0.5) ? { list: random.of([['x', 'y'], ['x']]) } : {}),
    ...(random.chance(0.3) ? { o: { p: 1 } } : {}),
  };
  return { source, partition, number, at, arrivedAt: Number.NaN, record: JSON.stringify(fields) };
}

function randomEvent(
  random: Random,
  source: string,
  partition: string,
  number: number,
  at: number,
): RandomEvent {
  const fields: Record<string, unknown> = {
    u: random.of(['a', 'b', 'c', 'A', '-', '', 7, null]),
    v: random.of([0, 1, 2, 3, 0.1, '2', 'x', -1, true, null, undefined]),
  };
  const odd = random.chance(0.04);
  if (!odd) fields['t'] = random.chance(0.1) ? `${at}` : at;
  if (random.chance(0.02)) fields['t'] = random.of(['never', -5, 1e15 * 20, BASE + 10_000_000]);
  if (random.chance(0.7)) fields['r'] = at + random.below(30);
  if (random.chance(0.7)) fields['w'] = at + random.between(-30, 30);
  if (random.chance(0.5))
    fields['list'] = random.of([['x', 'y'], ['x', 'x', 'z'], [1, 2], [], 'x', [null, 'y']]);
  if (random.chance(0.5))
    fields['o'] = random.of<unknown>([{ p: 1 }, { p: 2, q: 'z' }, 'text', null]);
  else if (random.chance(0.3)) fields['o.p'] = 1;
  if (random.chance(0.3)) fields['tenant'] = random.of(['acme', 'other']);
  if (random.chance(0.8)) fields['n'] = random.chance(0.15) ? random.below(4) : number + 100;
  const record = random.chance(0.02)
    ? random.of(['{"t":', '[]', 'x', '{"a":1}}', '   '])
    : JSON.stringify(random.chance(0.25) ? disguised(random, fields) : fields);
  return {
    source,
    partition,
    number,
    at,
    arrivedAt: random.chance(0.5) ? Number.NaN : at + random.below(40),
    record,
  };
}

/** An order of arrival of one partition: each event at most its source's bound behind, or (`isLate`) any distance. */
function arrival(
  random: Random,
  events: readonly RandomEvent[],
  { sources }: SourcesPlan,
  isLate: boolean,
): Delivery[] {
  return events
    .map((event) => {
      const bound = isLate ? 150 : sources.find(({ name }) => name === event.source)!.boundMs;
      return { event, place: event.at + random.next() * bound };
    })
    .sort((a, b) => a.place - b.place)
    .map(({ event: { source, partition, number, arrivedAt, record } }) => ({
      source,
      partition,
      number,
      arrivedAt,
      record,
    }));
}

/** Streams in any interleaving, each in its own order. */
function interleaved(random: Random, streams: readonly (readonly Delivery[])[]): Delivery[] {
  const left = streams.map((stream) => [...stream]).filter(({ length }) => length > 0);
  const merged: Delivery[] = [];
  while (left.length > 0) {
    const stream = random.of(left);
    merged.push(...stream.splice(0, random.between(1, 6)));
    if (stream.length === 0) left.splice(left.indexOf(stream), 1);
  }
  return merged;
}
