import type { Json } from './json.ts';
import type { TimeFieldPlan } from './source-plan.ts';
import { makePatternReader } from './time-pattern.ts';
import { offsetReader, type OffsetOf } from './time-zone.ts';
import { daysFromCivil, isDate } from './civil.ts';

/** Readable times: from 1970-01-01 to 2286-11-20. What lies outside is a wrong clock or a placeholder, not a time. */
const TIME_END = 1e13;

export type ReadTime = (value: Json | undefined) => number;

/** Reads times as a source writes them: whole milliseconds since 1970, NaN for what cannot be read. ISO text costs about 100 ns. */
export function makeTimeReader({ format, zone }: TimeFieldPlan): ReadTime {
  const offsetOf = offsetReader(zone);
  const pattern = format === null ? null : makePatternReader(format, offsetOf);
  return (value) => {
    let at: number;
    if (typeof value === 'number') at = fromNumber(value);
    else if (typeof value !== 'string') return Number.NaN;
    else if (pattern !== null) {
      at = pattern(value);
      // A source that gives a pattern may still write numbers or ISO text in some events.
      if (Number.isNaN(at)) at = fromText(value, offsetOf);
    } else at = fromText(value, offsetOf);
    return at >= 0 && at < TIME_END ? Math.floor(at) : Number.NaN;
  };
}

/** Numbers in s, ms, µs, ns are told apart by size. */
function fromNumber(value: number): number {
  if (!(value >= 0)) return Number.NaN;
  if (value < 1e11) return value * 1000;
  if (value < 1e14) return value;
  return value < 1e17 ? value / 1000 : value / 1e6;
}

const DIGITS = /^(\d{1,19})(?:\.(\d{1,9}))?$/;

function fromText(text: string, offsetOf: OffsetOf): number {
  const first = text.charCodeAt(0);
  if (text.length >= 10 && text.charCodeAt(4) === 45 && first >= 48 && first <= 57)
    return fromIso(text, offsetOf);
  const digits = DIGITS.exec(text);
  if (digits === null) return Number.NaN;
  return fromDigits(digits[1]!, digits[2] ?? '');
}

/** Cut in decimal, since a double cannot hold nanoseconds. */
function fromDigits(whole: string, fraction: string): number {
  const number = Number(whole);
  if (number < 1e11) return number * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
  if (number < 1e14) return number;
  return number < 1e17 ? Number(whole.slice(0, -3)) : Number(whole.slice(0, -6));
}

const NOT_DIGIT = -1e9;
const digit = (text: string, at: number): number => {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57 ? code - 48 : NOT_DIGIT;
};
const two = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1);

/** ISO 8601: `2020-09-21T22:27:55.123456Z`, a blank for T, a comma for the dot, offsets with and without colon. */
function fromIso(text: string, offsetOf: OffsetOf): number {
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  if (year < 0 || text.charCodeAt(7) !== 45 || !isDate(year, month, day)) return Number.NaN;
  const days = daysFromCivil(year, month, day) * 86_400_000;
  if (text.length === 10) return days - offsetOf(days);
  const separator = text.charCodeAt(10);
  if (separator !== 84 && separator !== 32 && separator !== 116) return Number.NaN;
  const hour = two(text, 11);
  const minute = two(text, 14);
  if (text.charCodeAt(13) !== 58 || hour < 0 || hour > 23 || minute < 0 || minute > 59)
    return Number.NaN;
  let at = 16;
  let ms = 0;
  if (text.charCodeAt(at) === 58) {
    const second = two(text, 17);
    if (second < 0 || second > 60) return Number.NaN;
    ms = second * 1000;
    at = 19;
    const point = text.charCodeAt(at);
    if (point === 46 || point === 44) {
      let unit = 100;
      for (at++; digit(text, at) >= 0; at++) {
        ms += digit(text, at) * unit;
        unit = Math.floor(unit / 10);
      }
      if (at === 20) return Number.NaN;
    }
  }
  const local = days + hour * 3_600_000 + minute * 60_000 + ms;
  return local - zoneAt(text, at, local, offsetOf);
}

/** The offset that the text names from `at` on, ms; the declared zone's if it names none; NaN if it is neither. */
function zoneAt(text: string, at: number, local: number, offsetOf: OffsetOf): number {
  if (at === text.length) return offsetOf(local);
  while (text.charCodeAt(at) === 32) at++;
  const sign = text.charCodeAt(at);
  if ((sign === 90 || sign === 122) && at + 1 === text.length) return 0;
  if (text.startsWith('UTC', at) && at + 3 === text.length) return 0;
  if (sign !== 43 && sign !== 45) return Number.NaN;
  const hours = two(text, at + 1);
  let minutes = 0;
  const rest = text.length - at;
  if (rest === 5) minutes = two(text, at + 3);
  else if (rest === 6 && text.charCodeAt(at + 3) === 58) minutes = two(text, at + 4);
  else if (rest !== 3) return Number.NaN;
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return Number.NaN;
  return (sign === 45 ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
