import { printAggregates } from '../code/aggregates.ts';
import { printCode, stringText } from '../code/print-code.ts';
import { spanText } from './spans-of-time.ts';
import type {
  AggregateSyntax,
  AlertSyntax,
  AllSyntax,
  Code,
  FieldName,
  IocSyntax,
  JoinSyntax,
  KeySyntax,
  LoopSyntax,
  RuleSyntax,
  SequenceItem,
  SequenceSyntax,
  SideSyntax,
  SourceSyntax,
  TestSyntax,
  WindowSyntax,
} from './syntax.ts';
import { isoTime } from '../../plan/civil.ts';
import type { Json } from '../../plan/json.ts';

/** Canonical text of a rule: clauses in the order of docs/language.md section 3. Parsing it gives the same plan. */
export function printRule(rule: RuleSyntax): string {
  return `${[...meaningOf(rule), ...rule.tests.map(testText)].join('\n  ')}\n`;
}

/** The canonical text without tests: rules of one meaning have one. */
export function printMeaning(rule: RuleSyntax): string {
  return `${meaningOf(rule).join('\n  ')}\n`;
}

export const printRules = (rules: readonly RuleSyntax[]): string => rules.map(printRule).join('\n');

function meaningOf(rule: RuleSyntax): string[] {
  const lines = [`RULE ${stringText(rule.name)}`];
  const one = (word: string, value: string | null): void => {
    if (value !== null) lines.push(`${word} ${value}`);
  };
  const strings = (word: string, values: readonly string[]): void => {
    if (values.length > 0) lines.push(`${word} ${values.map(stringText).join(', ')}`);
  };
  one('ID', rule.id && stringText(rule.id));
  one('DESCRIPTION', rule.description && stringText(rule.description));
  one('SEVERITY', rule.severity);
  strings('TAGS', rule.tags);
  one('OWNER', rule.owner && stringText(rule.owner));
  strings('REFERENCES', rule.references);
  strings('FALSE POSITIVES', rule.falsePositives);
  one('STATUS', rule.status === 'enabled' ? null : rule.status);
  one('TENANTS', rule.tenants && `[${rule.tenants.map(stringText).join(', ')}]`);
  if (rule.sources.length > 0) lines.push(`SOURCES ${sourcesText(rule.sources)}`);
  one(rule.filter?.names === 'fields' ? 'WHERE' : 'FILTER', rule.filter && codeText(rule.filter));
  one('IOC FILTERS', rule.iocs && iocText(rule.iocs));
  for (const { code, reason, untilMs } of rule.excepts)
    lines.push(
      `EXCEPT ${codeText(code)} REASON ${stringText(reason)}${untilMs === null ? '' : ` UNTIL ${stringText(isoTime(untilMs))}`}`,
    );
  one(
    'USING',
    rule.using &&
      nameText(rule.using.field) +
        (rule.using.boundMs === null ? '' : ` BOUND ${spanText(rule.using.boundMs)}`),
  );
  one('LATENESS', rule.latenessMs === null ? null : spanText(rule.latenessMs));
  if (rule.aggregate !== null) lines.push(...aggregateLines(rule.aggregate));
  if (rule.sequence !== null) lines.push(...sequenceLines(rule.sequence));
  if (rule.all !== null) lines.push(...allLines(rule.all));
  if (rule.join !== null) lines.push(...joinLines(rule.join));
  if (rule.alert !== null) lines.push(alertText(rule.alert));
  one('SINK', rule.sink && codeText(rule.sink));
  if (rule.outputs.length > 0)
    lines.push(`OUTPUT ${rule.outputs.map(({ name }) => name).join(', ')}`);
  return lines;
}

function aggregateLines({ keys, window, sort, having }: AggregateSyntax): string[] {
  const lines = [
    `AGGREGATE BY ${keys === null ? '*' : keys.map(keyText).join(', ')}`,
    `WITHIN ${windowText(window)}`,
  ];
  if (sort.length > 0)
    lines.push(
      `SORT BY ${sort.map(({ field, descending }) => nameText(field) + (descending ? ' DESC' : '')).join(', ')}`,
    );
  if (having !== null) lines.push(`HAVING ${codeText(having)}`);
  return lines;
}

function sequenceLines({ keys, withinMs, items, cancel, skip, having }: SequenceSyntax): string[] {
  const lines = [
    `SEQUENCE BY ${keys === null ? '*' : keys.map(keyText).join(', ')}`,
    `WITHIN ${spanText(withinMs)}`,
    ...items.map(itemText),
  ];
  if (cancel !== null) lines.push(`CANCEL ${codeText(cancel)}`);
  const word = skip.kind.replace('-', ' ').toUpperCase();
  if (skip.kind !== 'past-last') lines.push(`SKIP ${word}${'step' in skip ? ` ${skip.step}` : ''}`);
  if (having !== null) lines.push(`HAVING ${codeText(having)}`);
  return lines;
}

function allLines({ keys, withinMs, items, having }: AllSyntax): string[] {
  return [
    `ALL BY ${keysText(keys)}`,
    `WITHIN ${spanText(withinMs)}`,
    ...items.map(itemText),
    ...(having === null ? [] : [`HAVING ${codeText(having)}`]),
  ];
}

function joinLines({ keys, between, sides, keep, having }: JoinSyntax): string[] {
  return [
    `JOIN BY ${keysText(keys)}`,
    between.kind === 'within'
      ? `WITHIN ${spanText(between.withinMs)}`
      : `BETWEEN ${signedText(between.lowMs)} AND ${signedText(between.highMs)}`,
    ...sides.map((side) => [`SIDE ${side.name}`, ...choiceParts(side)].join(' ')),
    ...keep.map(({ side, only }) => `KEEP ${only ? 'ONLY ' : ''}UNMATCHED ${side}`),
    ...(having === null ? [] : [`HAVING ${codeText(having)}`]),
  ];
}

function alertText({ fields, forMs, maxMs }: AlertSyntax): string {
  const by = fields.length === 0 ? '*' : fields.map(nameText).join(', ');
  return `ALERT BY ${by}${forMs === null ? '' : ` FOR ${spanText(forMs)}`}${maxMs === null ? '' : ` MAX ${spanText(maxMs)}`}`;
}

const keysText = (keys: readonly KeySyntax[] | null): string =>
  keys === null ? '*' : keys.map(keyText).join(', ');

const signedText = (ms: number): string => (ms < 0 ? `-${spanText(-ms)}` : spanText(ms));

function choiceParts({
  keys,
  sources,
  filter,
}: Pick<SideSyntax, 'keys' | 'sources' | 'filter'>): string[] {
  return [
    ...(keys === null ? [] : [`BY ${keysText(keys)}`]),
    ...(sources.length === 0 ? [] : [`SOURCES ${sourcesText(sources)}`]),
    ...(filter === null ? [] : [`FILTER ${codeText(filter)}`]),
  ];
}

function itemText(item: SequenceItem): string {
  if (item.kind === 'group')
    return `STEP ${item.name} (${item.items.map(itemText).join(' ')})${loopText(item.loop)}${item.isOptional ? ' OPTIONAL' : ''}`;
  const parts = [`${item.kind === 'step' ? 'STEP' : 'ABSENT'} ${item.name}`];
  const isNext = item.kind === 'absent' ? item.isNext : item.contiguity === 'next';
  if (isNext) parts.push('NEXT');
  if (item.kind === 'step' && item.contiguity === 'any') parts.push('ANY');
  parts.push(...choiceParts(item));
  const end = item.withinMs === null ? '' : ` WITHIN ${spanText(item.withinMs)}`;
  if (item.kind === 'absent') return parts.join(' ') + end;
  return parts.join(' ') + loopText(item.loop) + (item.isOptional ? ' OPTIONAL' : '') + end;
}

function loopText(loop: LoopSyntax | null): string {
  if (loop === null) return '';
  const { least, most, isGreedy, inner, until } = loop;
  const range = most === null ? ' OR MORE' : most === least ? '' : ` TO ${most}`;
  const how = { relaxed: '', next: ' CONSECUTIVE', any: ' COMBINATIONS' }[inner];
  return ` TIMES ${least}${range}${isGreedy ? ' GREEDY' : ''}${how}${until === null ? '' : ` UNTIL ${codeText(until)}`}`;
}

/** Code inside a rule: its lines are moved in with the clauses. Template literals keep their own lines. */
function codeText(code: Code): string {
  const text = code.names === 'aggregates' ? printAggregates(code.tree) : printCode(code.tree);
  return text.includes('`') ? text : text.replace(/\n/g, '\n  ');
}

const WORD = /^[\p{ID_Start}$_@][\p{ID_Continue}$]*$/u;

/** A name as it may stand outside code. */
export function nameText({ path }: Pick<FieldName, 'path'>): string {
  if (path.every((step) => WORD.test(step))) return path.join('.');
  return path.length === 1 ? `[${stringText(path[0]!)}]` : `[${stringText(path.join('.'))}]`;
}

function keyText({ name, value, each }: KeySyntax): string {
  if (value.kind === 'code') return `${each ? 'EACH ' : ''}${name} = ${codeText(value.code)}`;
  return `${each ? 'EACH ' : ''}${nameText(value.field)}`;
}

function windowText(window: WindowSyntax): string {
  switch (window.kind) {
    case 'hopping':
      return window.slideMs === window.lengthMs
        ? spanText(window.lengthMs)
        : `${spanText(window.lengthMs)}, ${spanText(window.slideMs)}`;
    case 'session':
      return `SESSION ${spanText(window.gapMs)}${window.maxMs === null ? '' : ` MAX ${spanText(window.maxMs)}`}`;
    case 'from-first':
      return `${spanText(window.lengthMs)} FROM FIRST`;
    case 'count':
      return `${window.events}:events${window.expiresMs === null ? '' : ` EXPIRES ${spanText(window.expiresMs)}`}`;
    case 'sliding':
      return `${spanText(window.lengthMs)} SLIDING${window.every ? ' EVERY' : ''}${window.maxMs === 86_400_000 ? '' : ` MAX ${spanText(window.maxMs)}`}`;
  }
}

const sourcesText = (sources: readonly SourceSyntax[]): string =>
  sources
    .map(({ field, values }) => `${nameText(field)} = [${values.map(stringText).join(', ')}]`)
    .join(' AND ');

function iocText(iocs: IocSyntax): string {
  switch (iocs.kind) {
    case 'in':
      return `IN ${iocs.list}(${nameText(iocs.field)})`;
    case 'not':
      return `NOT ${iocText(iocs.of)}`;
    case 'and':
      return iocs.of.map(iocText).join(' AND ');
    case 'or':
      return iocs.of.map(iocText).join(' OR ');
  }
}

function testText({ name, events, expect }: TestSyntax): string {
  const expected =
    expect.kind === 'matching'
      ? objectsText(expect.results)
      : `${expect.kind === 'alerts' ? 'ALERTS ' : ''}${expect.count}`;
  return `TEST ${stringText(name)} EVENTS ${objectsText(events)} EXPECT ${expected}`;
}

function objectsText(objects: readonly { readonly [name: string]: Json }[]): string {
  if (objects.length === 0) return '[]';
  return `[\n${objects.map((one) => `    ${jsonText(one)},\n`).join('')}  ]`;
}

const jsonText = (value: Json): string =>
  JSON.stringify(value)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
