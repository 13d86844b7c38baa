import type { SigmaOutcome } from '@weir/core/language/sigma/compile-sigma.ts';
import { count } from './paint.ts';

const STATES = ['taken', 'refused', 'needs a list', 'read by a correlation', 'not yet'] as const;
const KINDS = { rule: 'rules', correlation: 'correlations', filter: 'filters' } as const;
const REASONS_MAX = 25;

/** What of Sigma was taken, and why the rest was not. */
export function sigmaTable(outcomes: readonly SigmaOutcome[]): string {
  const states = STATES.filter((state) => outcomes.some((one) => one.state === state));
  const rows = (['rule', 'correlation', 'filter'] as const)
    .map((kind) => [kind, outcomes.filter((one) => one.kind === kind)] as const)
    .filter(([, some]) => some.length > 0)
    .map(([kind, some]) => [
      KINDS[kind],
      count(some.length),
      ...states.map((state) => count(some.filter((one) => one.state === state).length)),
    ]);
  const table = columns([['Sigma', 'read', ...states], ...rows]);
  const reasons = reasonLines(outcomes);
  return reasons.length === 0 ? table : `${table}\n\n${reasons.join('\n')}`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  '),
    )
    .join('\n');
}

function reasonLines(outcomes: readonly SigmaOutcome[]): string[] {
  const groups = Map.groupBy(
    outcomes.filter(({ reason }) => reason !== null),
    ({ reason }) => reason!,
  );
  const lines = [...groups]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(
      ([reason, some]) =>
        `${count(some.length).padStart(6)}  ${reason} (${some[0]!.title === '' ? some[0]!.file : some[0]!.title}${some.length > 1 ? ', …' : ''})`,
    );
  return lines.length <= REASONS_MAX
    ? lines
    : [...lines.slice(0, REASONS_MAX), `        … and ${count(lines.length - REASONS_MAX)} more`];
}
