import type { RulePlan } from './plan.ts';

/** What decides which events a rule keeps: versions that agree in it go on with the same state. */
export function stateTextOf({
  tenants,
  sources,
  filter,
  iocs,
  excepts,
  time,
  detect,
}: RulePlan): string {
  if (detect.kind === 'simple') return '';
  const { having, ...rest } = detect;
  // Results that come early and such that do not are given in other ways.
  const kind = having !== null && 'kind' in having ? having.kind : '';
  const isEarly = having !== null && 'early' in having && having.early !== null;
  return JSON.stringify([tenants, sources, filter, iocs, excepts, time, rest, kind, isEarly]);
}
