import type { Json } from '../../packages/core/src/plan/json.ts';
import type { TimeFieldPlan } from '../../packages/core/src/plan/source-plan.ts';

/** The first time after all that can be read, in ms: 2286-11-20. */
const TIME_MAX = 1e13;

/** A value as a time in whole ms; NaN if it cannot be read as one. */
export function readTime(value: Json | undefined, { format, zone }: TimeFieldPlan): number {
  const ms = readAnyTime(value, format, zone);
  return ms >= 0 && ms < TIME_MAX ? ms : Number.NaN;
}

function readAnyTime(value: Json | undefined, format: string | null, zone: string): number {
  if (format !== null)
    return typeof value === 'string' ? readPattern(value, format, zone) : Number.NaN;
  if (typeof value === 'number') return msOfNumber(value);
  if (typeof value !== 'string') return Number.NaN;
  const text = value.trim();
  if (/^[0-9]+$/.test(text)) return msOfDigits(BigInt(text));
  if (/^[0-9]+\.[0-9]+$/.test(text)) return msOfNumber(Number(text));
  return readIso(text, zone);
}

/** Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size. */
function msOfNumber(time: number): number {
  if (time < 0) return Number.NaN;
  if (time < 1e11) return Math.floor(time * 1000);
  if (time < 1e14) return Math.floor(time);
  if (time < 1e17) return Math.floor(time / 1e3);
  return Math.floor(time / 1e6);
}

function msOfDigits(time: bigint): number {
  if (time < 10n ** 11n) return Number(time * 1000n);
  if (time < 10n ** 14n) return Number(time);
  if (time < 10n ** 17n) return Number(time / 1000n);
  return Number(time / 1000000n);
}

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

function readIso(text: string, zone: string): number {
  const found = ISO.exec(text);
  if (found === null) return Number.NaN;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = found;
  const local = utcMs(+year!, +month!, +day!, +hour, +minute, +second, msOfFraction(fraction));
  return instantOf(local, offset ?? zone);
}

const msOfFraction = (fraction: string): number => Number(fraction.padEnd(3, '0').slice(0, 3));

/** NaN if there is no such date. */
function utcMs(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  ms: number,
): number {
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second, ms));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? date.getTime()
    : Number.NaN;
}

/** The instant at which clocks of the zone show `local`. Shown twice: the earlier; never shown: shifted forward. */
function instantOf(local: number, zone: string): number {
  const offset = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (offset !== null) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0);
    return local - (offset[1] === '-' ? -minutes : minutes) * 60_000;
  }
  if (/^(Z|UTC)$/i.test(zone) || Number.isNaN(local)) return local;
  const before = local - offsetMs(local - 86_400_000, zone);
  const after = local - offsetMs(local + 86_400_000, zone);
  const right = [before, after].filter((at) => at + offsetMs(at, zone) === local);
  return right.length > 0 ? Math.min(...right) : before;
}

function offsetMs(at: number, zone: string): number {
  const options = { timeZone: zone, timeZoneName: 'longOffset' } as const;
  const parts = new Intl.DateTimeFormat('en', options).formatToParts(at);
  const name = parts.find(({ type }) => type === 'timeZoneName')!.value;
  const found = /([+-])(\d{2}):(\d{2})(?::(\d{2}))?/.exec(name);
  if (found === null) return 0;
  const seconds = Number(found[2]) * 3600 + Number(found[3]) * 60 + Number(found[4] ?? 0);
  return (found[1] === '-' ? -seconds : seconds) * 1000;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** What a run of letters of a pattern stands for, as a group of a regular expression. */
const LETTERS: readonly (readonly [RegExp, string])[] = [
  [/^yyyy/, '(?<year>\\d{4})'],
  [/^MMM/, '(?<name>[A-Za-z]{3})'],
  [/^MM/, '(?<month>\\d{2})'],
  [/^dd/, '(?<day>\\d{2})'],
  [/^d/, '\\s?(?<day>\\d{1,2})'],
  [/^HH/, '(?<hour>\\d{2})'],
  [/^H/, '(?<hour>\\d{1,2})'],
  [/^hh?/, '(?<half>\\d{1,2})'],
  [/^mm/, '(?<minute>\\d{2})'],
  [/^ss/, '(?<second>\\d{2})'],
  [/^S+/, '(?<fraction>\\d+)'],
  [/^a/, '(?<noon>[AaPp][Mm])'],
  [/^(XXX|XX|X|Z)/, '(?<offset>Z|[+-]\\d{2}:?(?:\\d{2})?)'],
  [/^EEE/, '[A-Za-z]{3}'],
];

function readPattern(text: string, format: string, zone: string): number {
  let pattern = '';
  for (let rest = format; rest !== '';) {
    const quoted = /^'([^']*)'/.exec(rest);
    const letters = LETTERS.find(([run]) => run.test(rest));
    const taken = quoted?.[0] ?? letters?.[0].exec(rest)?.[0] ?? rest[0]!;
    pattern +=
      quoted === null && letters !== undefined
        ? letters[1]
        : (quoted?.[1] ?? taken).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    rest = rest.slice(taken.length);
  }
  const found = new RegExp(`^${pattern}$`).exec(text.trim())?.groups;
  if (found === undefined) return Number.NaN;
  const {
    year = '1970',
    name,
    month = '1',
    day = '1',
    hour,
    half,
    minute = '0',
    second = '0',
  } = found;
  const { fraction = '', noon, offset } = found;
  const hours =
    half === undefined
      ? Number(hour ?? 0)
      : (Number(half) % 12) + (/^p/i.test(noon ?? '') ? 12 : 0);
  const monthNumber = name === undefined ? Number(month) : MONTHS.indexOf(name) + 1;
  const local = utcMs(+year, monthNumber, +day, hours, +minute, +second, msOfFraction(fraction));
  return instantOf(local, offset ?? zone);
}
