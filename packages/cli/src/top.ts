import type { Counts, RuleCounts } from '@weir/core';
import { count, cut, type Paint } from './paint.ts';

/** What one rule cost. */
export interface RuleCost {
  readonly rule: string;
  readonly name: string;
  readonly calls: number;
  /** Estimated from calls that were timed. */
  readonly cpuMs: number;
  /** Its part of what all rules cost. */
  readonly share: number;
  readonly perCallUs: number;
  readonly state: 'runs' | 'parked' | 'deferred' | 'flagged';
}

/** The cost of each rule, the dearest first. Versions of one rule are one. */
export function costsOf(
  { rules }: Pick<Counts, 'rules'>,
  names: ReadonlyMap<string, string>,
  inLanes: ReadonlySet<string>,
): RuleCost[] {
  const all = rules.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  return [...Map.groupBy(rules, ({ rule }) => rule)]
    .map(([rule, versions]) => {
      const sum = (read: (one: RuleCounts) => number): number =>
        versions.reduce((total, one) => total + read(one), 0);
      const [calls, cpuMs] = [sum((one) => one.calls), sum((one) => one.cpuMs)];
      return {
        rule,
        name: names.get(rule) ?? rule,
        calls,
        cpuMs,
        share: all === 0 ? 0 : cpuMs / all,
        perCallUs: calls === 0 ? 0 : (cpuMs * 1000) / calls,
        state: stateOf(rule, versions, inLanes),
      };
    })
    .toSorted((a, b) => b.cpuMs - a.cpuMs || b.calls - a.calls);
}

function stateOf(
  rule: string,
  versions: readonly RuleCounts[],
  inLanes: ReadonlySet<string>,
): RuleCost['state'] {
  if (inLanes.has(rule)) return 'deferred';
  if (versions.some(({ parked }) => parked)) return 'parked';
  return versions.some(({ flagged }) => flagged) ? 'flagged' : 'runs';
}

const NAME_MAX = 60;

/** The dearest rules as a table of so many rows. */
export function topTable(costs: readonly RuleCost[], rows: number, paint: Paint): string {
  const shown = costs.slice(0, rows);
  const width = Math.max(4, ...shown.map(({ name }) => Math.min(NAME_MAX, name.length)));
  const head = `  ${'rule'.padEnd(width)}  ${'CPU s'.padStart(9)}  ${'share'.padStart(6)}  ${'calls'.padStart(13)}  ${'µs a call'.padStart(9)}`;
  const lines = shown.map(({ name, cpuMs, share, calls, perCallUs, state }) => {
    const numbers = `${(cpuMs / 1000).toFixed(3).padStart(9)}  ${`${(share * 100).toFixed(1)}%`.padStart(6)}  ${count(calls).padStart(13)}  ${perCallUs.toFixed(2).padStart(9)}`;
    const mark = state === 'runs' ? '' : paint.yellow(`  ${state}`);
    return `  ${cut(name, NAME_MAX).padEnd(width)}  ${numbers}${mark}`;
  });
  const rest = costs.slice(rows);
  const restMs = rest.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  return [
    paint.dim(head),
    ...lines,
    ...(rest.length > 0
      ? [paint.dim(`  … and ${count(rest.length)} rules with ${(restMs / 1000).toFixed(3)} s`)]
      : []),
  ].join('\n');
}
