import { partsLines } from './explain-parts.ts';
import { isoTime } from '@weir/core/plan/civil.ts';
import { spanText } from '@weir/core/language/epl/spans-of-time.ts';
import type {
  CodePlan,
  ColumnPlan,
  HavingPlan,
  Path,
  RulePlan,
  SourcesPlan,
  WindowDetectPlan,
} from '@weir/core';

/** What a rule reads, keeps and costs, and whether its results come early: for people. */
export function explainRule(rule: RulePlan, sources: SourcesPlan): string {
  const lines: [string, string][] = [
    [
      'rule',
      `${rule.name}${rule.id === rule.name ? '' : ` (${rule.id})`}, version ${rule.version}, ${rule.facts.status}`,
    ],
    ...(rule.facts.owner === null ? [] : [['by', rule.facts.owner] as [string, string]]),
    ['reads events', eventsText(rule)],
    ['reads fields', fieldsOf(rule).join(', ') || 'none'],
    ['time', timeText(rule, sources)],
  ];
  if (rule.iocs !== null) lines.push(['asks lists', listsOf(rule.iocs).join(', ')]);
  for (const { code: known, reason, untilMs } of rule.excepts)
    lines.push([
      'excepts',
      `${known.text.replace(/\s+/g, ' ')}: ${reason}${untilMs === null ? '' : `, until ${isoTime(untilMs)}`}`,
    ]);
  if (rule.detect.kind === 'simple')
    lines.push(
      ['keeps', 'nothing: each event is looked at alone'],
      ['results', 'one for each event, final at once'],
      ['alerts', 'one for each result'],
    );
  else if (rule.detect.kind === 'window')
    lines.push(...windowLines(rule.detect, latenessOf(rule, sources)));
  else lines.push(...partsLines(rule.detect, latenessOf(rule, sources)));
  lines.push(['costs', costText(rule)]);
  return lines.map(([word, text]) => `${word.padEnd(14)}${text}`).join('\n');
}

function eventsText({ sources, tenants }: RulePlan): string {
  const tests = sources.map(({ path, values }) => `${path.join('.')} is ${values.join(' or ')}`);
  const of = tenants === null ? '' : `, of tenants ${tenants.join(', ')}`;
  return `${tests.length === 0 ? 'all: no SOURCES' : tests.join(' and ')}${of}`;
}

const pathText = (path: Path): string => path.join('.');

/** Every field that the rule can read, in the order of its clauses. */
export function fieldsOf(rule: RulePlan): string[] {
  const fields = new Set<string>(rule.sources.map(({ path }) => pathText(path)));
  const code = (plan: CodePlan | null): void => {
    for (const path of plan?.paths ?? []) fields.add(pathText(path));
    if (plan?.readsWhole) fields.add('all fields');
  };
  const value = (plan: ColumnPlan | { readonly kind: 'bits' }): void => {
    if (plan.kind === 'bits') return;
    if (plan.kind === 'path') fields.add(pathText(plan.path));
    else if (plan.kind === 'code') code(plan.code);
    else fields.add('all fields');
  };
  code(rule.filter);
  for (const { code: known } of rule.excepts) code(known);
  if (rule.iocs !== null) for (const field of iocFields(rule.iocs)) fields.add(field);
  const { detect } = rule;
  if (detect.kind !== 'simple') {
    for (const key of detect.keys) value(key.value);
    detect.columns.forEach(value);
  }
  if (detect.kind !== 'simple' && detect.kind !== 'window') {
    for (const key of detect.keyLists.flat()) value(key.value);
    for (const test of detect.tests) {
      for (const { path } of test.sources) fields.add(pathText(path));
      code(test.filter);
    }
  }
  return [...fields];
}

function iocFields(iocs: NonNullable<RulePlan['iocs']>): string[] {
  if (iocs.kind === 'in') return [pathText(iocs.path)];
  return iocs.kind === 'not' ? iocFields(iocs.of) : iocs.of.flatMap(iocFields);
}

function listsOf(iocs: NonNullable<RulePlan['iocs']>): string[] {
  if (iocs.kind === 'in') return [iocs.list];
  return iocs.kind === 'not' ? listsOf(iocs.of) : iocs.of.flatMap(listsOf);
}

function latenessOf({ time }: RulePlan, { sources }: SourcesPlan): number {
  return time.latenessMs ?? Math.max(0, ...sources.map(({ latenessMs }) => latenessMs ?? 0));
}

function timeText(rule: RulePlan, sources: SourcesPlan): string {
  const { using, boundMs } = rule.time;
  const clock =
    using === null ? "the source's event time" : `${pathText(using)}, a clock of its own`;
  const bound = boundMs === null ? '' : `, out of order by at most ${spanText(boundMs)}`;
  return `${clock}${bound}, lateness ${spanText(latenessOf(rule, sources))}`;
}

function windowLines(
  { keys, window, columns, having }: WindowDetectPlan,
  latenessMs: number,
): [string, string][] {
  const each =
    keys.length === 0 ? 'all events together' : `each ${keys.map(({ name }) => name).join(', ')}`;
  const lengthMs =
    window.kind === 'session'
      ? window.gapMs
      : window.kind === 'count'
        ? (window.expiresMs ?? 3_600_000)
        : window.lengthMs;
  const form = {
    hopping:
      window.kind === 'hopping' && window.slideMs !== window.lengthMs
        ? `windows of ${spanText(lengthMs)}, every ${spanText(window.slideMs)}`
        : `windows of ${spanText(lengthMs)}`,
    sliding: `the last ${spanText(lengthMs)} at every event`,
    session: `sessions with gaps up to ${spanText(lengthMs)}${window.kind === 'session' && window.maxMs !== null ? `, of at most ${spanText(window.maxMs)}` : ''}`,
    'from-first': `windows of ${spanText(lengthMs)}, each from the first event after the one before`,
    count: `every ${window.kind === 'count' ? window.events : 0} events`,
  }[window.kind];
  const held =
    columns.length === 0
      ? 'its time and name'
      : `its time, name and ${columns.length} value${columns.length === 1 ? '' : 's'}`;
  return [
    ['looks at', `${form}, for ${each}`],
    ['keeps', `of each event ${held}, once, for about ${spanText(lengthMs + latenessMs)}`],
    ['results', earlyText(having)],
    [
      'alerts',
      `by the same key; results at most ${spanText(lengthMs)} apart are one alert, for at most 1:day`,
    ],
  ];
}

function earlyText(having: HavingPlan): string {
  if (having.kind === 'always')
    return 'early: without HAVING a window is true with its first event; final at its end';
  if (having.kind === 'events')
    return 'at the end of the window: HAVING is JavaScript, of which nothing is known before';
  if (having.early !== null)
    return 'early: count, distinct or sum above a number can be shown when it becomes true; final at the end of the window';
  return 'at the end of the window: HAVING can become false again as events come in';
}

function costText(rule: RulePlan): string {
  const filter =
    rule.filter === null
      ? 'no FILTER'
      : `FILTER runs for each of these events (${rule.filter.paths.length} fields)`;
  const whole = rule.filter?.readsWhole
    ? '; it reads whole events, which costs a parse of each'
    : '';
  return `${filter}${whole}`;
}
