import type { Counts } from '@weir/core';
import { count, cut, type Paint } from './paint.ts';

/** What became of everything that was read. The sums are printed so that they can be checked. */
export function closingTable(
  counts: Counts,
  names: ReadonlyMap<string, string>,
  seconds: number,
  /** Of rules that the engine left out: what became of them, by id. */
  standings: ReadonlyMap<string, string>,
  paint: Paint,
): string {
  const { read, decoded, undecodable, duplicates, wanted, late, noTime, future, noKey, excepted } =
    counts;
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
    [excepted, 'excepted as known good'],
  ]
    .filter(([number]) => (number as number) > 0)
    .map(([number, word]) => `${count(number as number)} ${word}`);
  if (leftOut.length > 0)
    lines.push(paint.dim(`${''.padStart(16)}of (event, rule) pairs: ${leftOut.join(', ')}`));
  const wrong = read !== decoded + undecodable + duplicates;
  if (wrong)
    lines.push(paint.red(`${''.padStart(16)}these numbers do not add up: please report it`));
  const table = ruleRows(counts, names, standings, paint);
  return [...lines, ...standingRow(counts, standings, row), '', ...table].join('\n');
}

/** How many rules are not as they should be; nothing if all are. */
function standingRow(
  { rules }: Counts,
  standings: ReadonlyMap<string, string>,
  row: (number: number, text: string) => string,
): string[] {
  const parked = [...standings.values()].filter((text) => text.startsWith('parked')).length;
  const flagged = rules.filter((one) => one.flagged).length;
  const parts = [
    [parked, 'parked'],
    [standings.size - parked, 'deferred'],
    [flagged, 'flagged'],
  ].filter(([number]) => (number as number) > 0);
  if (parts.length === 0) return [];
  const total = standings.size + flagged;
  return [row(total, `rules: ${parts.map(([number, word]) => `${number} ${word}`).join(', ')}`)];
}

/** More rules than fit on a screen: those that found nothing are only counted. */
const ALL_SHOWN_MAX = 40;
const NAME_MAX = 70;

function ruleRows(
  { rules }: Counts,
  names: ReadonlyMap<string, string>,
  standings: ReadonlyMap<string, string>,
  paint: Paint,
): string[] {
  const isLong = rules.length > ALL_SHOWN_MAX;
  const shown = isLong
    ? rules
        .filter(
          ({ rule, matched, late, filterErrors, excepted }) =>
            matched + late + filterErrors + excepted > 0 || standings.has(rule),
        )
        .toSorted((a, b) => b.matched - a.matched)
    : rules;
  const nameOf = (rule: string): string => cut(names.get(rule) ?? rule, NAME_MAX);
  const width = Math.max(4, ...shown.map(({ rule }) => nameOf(rule).length));
  const head = `  ${'rule'.padEnd(width)}  ${'matched'.padStart(10)}  ${'results'.padStart(9)}  ${'late'.padStart(7)}  ${'errors'.padStart(7)}`;
  const rows = shown.map(({ rule, matched, results, late, filterErrors, excepted, flagged }) => {
    const numbers = `${count(matched).padStart(10)}  ${count(results).padStart(9)}  ${count(late).padStart(7)}  ${count(filterErrors).padStart(7)}`;
    const flag = flagged ? paint.red('  its code fails in more than 1 % of its calls') : '';
    const known = excepted > 0 ? paint.dim(`  ${count(excepted)} excepted`) : '';
    const standing = standings.get(rule);
    const left = standing === undefined ? '' : paint.yellow(`  ${standing}`);
    return `  ${nameOf(rule).padEnd(width)}  ${numbers}${known}${flag}${left}`;
  });
  const rest = rules.length - shown.length;
  return [
    paint.dim(head),
    ...rows,
    ...(rest > 0 ? [paint.dim(`  … and ${count(rest)} rules that matched nothing`)] : []),
  ];
}
