import type { AlertChange } from '@weir/core';
import { isoTime } from '@weir/core/plan/civil.ts';
import { count, shown, type Paint } from '../paint.ts';

/** One alert as a person reads it: what it is of, since when, and how much it holds. */
export function alertText({ change, alert }: AlertChange, rule: string, paint: Paint): string {
  const severity = alert.severity ?? 'unrated';
  const colour =
    severity === 'high' || severity === 'critical'
      ? paint.red
      : severity === 'medium'
        ? paint.yellow
        : paint.dim;
  const provisional = change === 'final' ? '' : paint.dim('  (provisional)');
  const key = Object.entries(alert.key).map(([name, value]) => `${name} ${shown(value)}`);
  const line = (word: string, text: string): string => `  ${paint.dim(word.padEnd(6))} ${text}`;
  return [
    `${colour(severity.padEnd(8))} ${paint.bold(shown(rule))}${provisional}`,
    ...(key.length > 0 ? [line('who', key.join(', '))] : []),
    line('when', `${time(alert.firstAt)} to ${time(alert.lastAt)} UTC`),
    line('holds', `${count(alert.results.length)} results, ${count(alert.count)} events`),
    line('alert', alert.handle),
  ].join('\n');
}

const time = (at: number): string =>
  isoTime(at)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');
