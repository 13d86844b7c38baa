import { isoTime } from '@weir/core/plan/civil.ts';
import { spanText } from '@weir/core/language/epl/spans-of-time.ts';
import type { Result } from '@weir/core/plan/result.ts';
import type { EventName, Json, ResultChange, RulePlan } from '@weir/core';
import { fieldsOf } from './explain-rule.ts';
import { count, cut, shown, type Paint } from './paint.ts';

/** A field of one event, by its name with dots. */
export type ReadField = (name: string) => Json | undefined;

/** One result as an analyst reads it: who, what, when, where, why, and the events that say so. */
export function resultText(
  change: ResultChange,
  rule: RulePlan,
  recordOf: (event: EventName, position: number) => ReadField | undefined,
  paint: Paint,
): string {
  const { result } = change;
  const severity = result.severity ?? 'unrated';
  const colour =
    severity === 'high' || severity === 'critical'
      ? paint.red
      : severity === 'medium'
        ? paint.yellow
        : paint.dim;
  const provisional = change.change === 'final' ? '' : paint.dim('  (provisional)');
  const lines = [`${colour(severity.padEnd(8))} ${paint.bold(shown(rule.name))}${provisional}`];
  const line = (word: string, text: string): void =>
    void lines.push(`  ${paint.dim(word.padEnd(6))} ${text}`);
  const key = Object.entries(result.key);
  const events = [...result.first, ...result.last];
  const records = events.map((event, i) => recordOf(event, change.positions[i] ?? Number.NaN));
  const isSimple = rule.detect.kind === 'simple';
  const who = isSimple
    ? whoIn(records[0], rule)
    : key.map(([name, value]) => `${name} ${shown(value)}`).join(', ');
  if (who !== '') line('who', who);
  if (rule.facts.description !== null) line('what', shown(rule.facts.description));
  line('when', whenText(change));
  line('where', whereText(change));
  line('why', whyText(change, rule));
  if (rule.facts.tags.length > 0) line('tags', rule.facts.tags.map(shown).join(', '));
  if (rule.facts.owner !== null) line('rule', `by ${cut(shown(rule.facts.owner), 200)}`);
  const fields = Object.entries(result.fields);
  if (fields.length > 0)
    line(
      'gives',
      cut(
        fields
          .slice(0, 12)
          .map(([name, value]) => `${shown(name)}=${plain(value)}`)
          .join(' '),
        400,
      ),
    );
  events.forEach((event, i) => {
    if (i === result.first.length && result.count > events.length)
      lines.push(`         … ${count(result.count - events.length)} more …`);
    line(
      i === 0 ? 'events' : '',
      `${isoTime(event.at).slice(11, 23)}  ${stepText(result, i)}${evidenceText(records[i], event, rule)}`,
    );
  });
  return lines.join('\n');
}

/** Which step took the event, in a column as wide as the longest of them. */
function stepText({ steps }: Result, i: number): string {
  if (steps === undefined) return '';
  return `${shown(steps[i] ?? '').padEnd(Math.max(...steps.map(({ length }) => length)))}  `;
}

const time = (at: number): string =>
  isoTime(at)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');

function whenText({ result }: ResultChange): string {
  const events = [...result.first, ...result.last];
  const from = events[0]?.at ?? result.start;
  const to = events.at(-1)?.at ?? result.end;
  const from_ =
    result.timeFrom === 'arrival' ? ' (time of arrival: its own cannot be read or lies ahead)' : '';
  if (result.count === 1) return `${time(from)} UTC${from_}`;
  const seconds = Math.round((to - from) / 1000);
  return `${time(from)} to ${time(to).slice(11)} UTC, ${count(result.count)} events in ${seconds} s; window from ${time(result.start).slice(11)} to ${time(result.end).slice(11)}`;
}

function whereText({ result }: ResultChange): string {
  const places = new Set(
    [...result.first, ...result.last].map(
      ({ source, partition }) => `${shown(source)} ${shown(partition)}`,
    ),
  );
  return [...places].join(', ');
}

function whyText({ result }: ResultChange, rule: RulePlan): string {
  const measured = Object.entries(result.measures).map(
    ([name, value]) => `${name} is ${plain(value)}`,
  );
  const hits = result.iocs.map(
    ({ list, field, value, note }) =>
      `${field} is in the list ${list}: ${shown(value)}${note === '' ? '' : ` (${shown(note)})`}`,
  );
  const condition = conditionText(rule);
  return (
    cut([...hits, ...measured, condition].filter((part) => part !== '').join('; '), 300) ||
    'every event of its sources'
  );
}

function conditionText({ detect, filter }: RulePlan): string {
  switch (detect.kind) {
    case 'sequence': {
      const steps = detect.steps.map(({ name }) => name).join(', then ');
      const absent = detect.automaton.absents.map(({ name }) => `, without ${name}`).join('');
      return `${steps}${absent}, within ${spanText(detect.withinMs)}`;
    }
    case 'all':
      return `${detect.steps.map(({ name }) => name).join(', ')} in any order within ${spanText(detect.withinMs)}`;
    case 'join':
      return `${detect.sides.join(' and ')} with equal keys`;
    case 'window':
      if ('code' in detect.having) return `HAVING ${oneLine(detect.having.code.text)}`;
      break;
    case 'simple':
  }
  return filter === null ? '' : oneLine(filter.text);
}

const oneLine = (code: string): string => code.replace(/\s+/g, ' ');
const plain = (value: Json | undefined): string =>
  typeof value === 'string' ? shown(cut(value, 120)) : cut(JSON.stringify(value) ?? '', 120);

const WHO = [
  'TargetUserName',
  'SubjectUserName',
  'User',
  'user',
  'username',
  'userIdentity.arn',
  'Hostname',
  'host',
  'Computer',
  'id.orig_h',
  'sourceIPAddress',
];

function whoIn(record: ReadField | undefined, rule: RulePlan): string {
  if (record === undefined) return '';
  const fields = WHO.filter((name) => !rule.sources.some(({ path }) => path.join('.') === name));
  return fields
    .flatMap((name) => named(record, name))
    .slice(0, 3)
    .join(', ');
}

function named(record: ReadField, name: string): string[] {
  const value = record(name);
  return value === undefined || value === null || value === '' || value === '-'
    ? []
    : [`${name} ${plain(value)}`];
}

/** The fields that the rule looks at, and a few that say what happened. */
function evidenceText(record: ReadField | undefined, event: EventName, rule: RulePlan): string {
  if (record === undefined) return `record ${JSON.stringify(event.number)}`;
  const telling = fieldsOf(rule).filter((name) => !name.startsWith('$'));
  const more = [
    'EventID',
    'ProcessName',
    'Image',
    'CommandLine',
    'IpAddress',
    'SourceImage',
    'TargetImage',
    'eventName',
    'errorCode',
    'query',
    'uri',
    'message',
  ];
  const names = [...new Set([...telling, ...more])];
  const parts = names.flatMap((name) => {
    const value = record(name);
    return value === undefined || value === null || value === '' ? [] : [`${name}=${plain(value)}`];
  });
  return cut(parts.slice(0, 9).join(' '), 320);
}
