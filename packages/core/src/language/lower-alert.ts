import type { AlertPlan } from '../plan/plan.ts';
import type { RuleSyntax } from './epl/syntax.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Which results of a rule are one alert (docs/language.md section 7). */
export function alertPlanOf(rule: RuleSyntax): AlertPlan | null {
  const { alert, aggregate, sequence, all, join } = rule;
  const detect = aggregate ?? sequence ?? all ?? join;
  if (alert === null && detect === null) return null;
  const own = (detect?.keys ?? []).map(({ name }) => [name]);
  const fields = alert === null ? own : alert.fields.map(({ path }) => path);
  return {
    fields,
    isOwnKey:
      detect !== null &&
      JSON.stringify(fields.map((path) => path.join('.'))) === JSON.stringify(own.flat()),
    forMs: alert?.forMs ?? spanMs(rule),
    maxMs: alert?.maxMs ?? DAY_MS,
  };
}

/** How far apart results may be to be one alert, where the rule does not say. */
function spanMs({ aggregate, sequence, all, join }: RuleSyntax): number {
  if (join !== null) {
    const { between } = join;
    return between.kind === 'within'
      ? between.withinMs
      : Math.max(Math.abs(between.lowMs), Math.abs(between.highMs)) + 1;
  }
  if (aggregate === null) return (sequence ?? all)?.withinMs ?? HOUR_MS;
  const { window } = aggregate;
  if (window.kind === 'session') return window.gapMs;
  return window.kind === 'count' ? (window.expiresMs ?? HOUR_MS) : window.lengthMs;
}
