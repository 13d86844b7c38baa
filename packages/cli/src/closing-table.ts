import type { Counts } from '@weir/core';
import { count, type Paint } from './paint.ts';

/** What became of everything that was read. The sums are printed so that they can be checked. */
export function closingTable(counts: Counts, seconds: number, paint: Paint): string {
  const { read, decoded, undecodable, duplicates, wanted, late, noTime, future, noKey } = counts;
  const row = (number: number, text: string): string => `${count(number).padStart(14)}  ${text}`;
  const lines = [
    row(
      read,
      `records read in ${seconds.toFixed(1)} s, ${count(Math.round(read / Math.max(seconds, 0.001)))} a second`,
    ),
    row(decoded, 'decoded'),
    row(
      undecodable + duplicates,
      `set aside: ${count(undecodable)} could not be decoded, ${count(duplicates)} repeated`,
    ),
    row(wanted, 'wanted by some rule'),
    row(decoded - wanted, 'wanted by none'),
  ];
  const leftOut = [
    [late, 'late'],
    [noTime, 'without time'],
    [future, 'from the future'],
    [noKey, 'without key'],
  ]
    .filter(([number]) => (number as number) > 0)
    .map(([number, word]) => `${count(number as number)} ${word}`);
  if (leftOut.length > 0)
    lines.push(paint.dim(`${''.padStart(16)}of (event, rule) pairs: ${leftOut.join(', ')}`));
  const wrong = read !== decoded + undecodable + duplicates;
  if (wrong)
    lines.push(paint.red(`${''.padStart(16)}these numbers do not add up: please report it`));
  return [...lines, '', ...ruleRows(counts, paint)].join('\n');
}

function ruleRows({ rules }: Counts, paint: Paint): string[] {
  const width = Math.max(4, ...rules.map(({ rule }) => rule.length));
  const head = `  ${'rule'.padEnd(width)}  ${'matched'.padStart(10)}  ${'results'.padStart(9)}  ${'late'.padStart(7)}  ${'errors'.padStart(7)}`;
  const rows = rules.map(({ rule, matched, results, late, filterErrors, flagged }) => {
    const numbers = `${count(matched).padStart(10)}  ${count(results).padStart(9)}  ${count(late).padStart(7)}  ${count(filterErrors).padStart(7)}`;
    const flag = flagged ? paint.red('  its FILTER fails in more than 1 % of its calls') : '';
    return `  ${rule.padEnd(width)}  ${numbers}${flag}`;
  });
  return [paint.dim(head), ...rows];
}
