import { daysFromCivil, isDate } from './civil.ts';
import type { OffsetOf } from './time-zone.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** What the letters of a pattern stand for, as in Java's DateTimeFormatter. */
const FIELDS: Readonly<Record<string, string>> = {
  yyyy: '(?<year>\\d{4})',
  yy: '(?<shortYear>\\d{2})',
  MMMM: '(?<monthName>\\p{L}{3,})',
  MMM: '(?<monthName>\\p{L}{3})\\.?',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  dd: '(?<day>\\d{2})',
  d: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{2})',
  H: '(?<hour>\\d{1,2})',
  hh: '(?<halfHour>\\d{2})',
  h: '(?<halfHour>\\d{1,2})',
  a: '(?<half>[AaPp])\\.?[Mm]\\.?',
  mm: '(?<minute>\\d{2})',
  m: '(?<minute>\\d{1,2})',
  ss: '(?<second>\\d{2})',
  s: '(?<second>\\d{1,2})',
  X: '(?<zone>Z|[+-]\\d{2}(?::?\\d{2})?)',
  XX: '(?<zone>Z|[+-]\\d{4})',
  XXX: '(?<zone>Z|[+-]\\d{2}:\\d{2})',
  Z: '(?<zone>[+-]\\d{4})',
  z: '(?<zone>UTC|GMT|Z)',
  EEE: '\\p{L}{2,3}\\.?',
  EEEE: '\\p{L}+',
};

/** Fields that take letters: where one stands, and where the next begins, is told by what is between them. */
const NAMES: ReadonlySet<string> = new Set(['MMMM', 'MMM', 'EEEE', 'EEE', 'a', 'z']);

/**
 * Throws a RangeError if the pattern has a letter that stands for nothing, a field twice, or names side by side. A blank stands for one
 * or more of any kind. No two parts of the expression share blanks or letters: with `\s+\s+` for two blanks, as
 * syslog's `MMM  d` has them, texts of blanks took seconds.
 */
export function makePatternReader(pattern: string, offsetOf: OffsetOf): (text: string) => number {
  const regex = new RegExp(`^${withBlanks(regexOf(pattern))}$`, 'u');
  return (text) => {
    const groups = text.length > 100 ? undefined : regex.exec(text)?.groups;
    return groups === undefined ? Number.NaN : timeOf(groups, offsetOf);
  };
}

function withBlanks(body: string): string {
  const blanks = (run: string): string => `\\s{${run.length},}`;
  const [, before, inner, after] = /^(\s*)(.*?)(\s*)$/s.exec(body)!;
  return blanks(before!) + inner!.replace(/\s+/g, blanks) + blanks(after!);
}

function regexOf(pattern: string): string {
  let nameEnd = -1;
  let hasWeekday = false;
  return pattern.replace(
    /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']/g,
    (token, quoted: string | undefined, letter: string | undefined, at: number) => {
      if (quoted !== undefined) return escaped(quoted === '' ? "'" : quoted.replace(/''/g, "'"));
      if (letter === undefined) return escaped(token);
      if (letter === 'S' || letter === 'n') return '(?<fraction>\\d{1,9})';
      const field = FIELDS[token];
      if (field === undefined) throw new RangeError(`"${token}" has no meaning in a time pattern`);
      if (letter === 'E') {
        if (hasWeekday) throw new RangeError('the day of the week is asked for twice');
        hasWeekday = true;
      }
      if (NAMES.has(token)) {
        if (at === nameEnd)
          throw new RangeError(`nothing tells "${token}" from what stands before`);
        nameEnd = at + token.length;
      }
      return field;
    },
  );
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function timeOf(groups: Readonly<Record<string, string | undefined>>, offsetOf: OffsetOf): number {
  const number = (name: string, missing: number): number =>
    groups[name] === undefined ? missing : Number(groups[name]);
  const year =
    groups['shortYear'] === undefined ? number('year', 1970) : 2000 + number('shortYear', 0);
  const named = groups['monthName'];
  const month =
    named === undefined ? number('month', 1) : MONTHS.indexOf(named.slice(0, 3).toLowerCase()) + 1;
  const day = number('day', 1);
  const half = groups['half']?.toLowerCase();
  const hour =
    half === undefined ? number('hour', 0) : (number('halfHour', 0) % 12) + (half === 'p' ? 12 : 0);
  const minute = number('minute', 0);
  const second = number('second', 0);
  if (!isDate(year, month, day) || hour > 23 || minute > 59 || second > 60) return Number.NaN;
  const ms = Number((groups['fraction'] ?? '0').slice(0, 3).padEnd(3, '0'));
  const local =
    daysFromCivil(year, month, day) * 86_400_000 + ((hour * 60 + minute) * 60 + second) * 1000 + ms;
  return local - (zoneOffset(groups['zone']) ?? offsetOf(local));
}

function zoneOffset(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  const parts = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (parts === null) return 0;
  return (parts[1] === '-' ? -1 : 1) * (Number(parts[2]) * 60 + Number(parts[3] ?? 0)) * 60_000;
}
