import type { Json } from '../../plan/json.ts';
import type { AlertPlan, RulePlan } from '../../plan/plan.ts';
import type { AlertChange } from '../../plan/result.ts';
import { TimerHeap } from '../../state/timer-heap.ts';
import { resultId } from '../result-id.ts';
import { KeyAlerts, type Member } from './alerts.ts';

/** What became of a result: null: it was withdrawn. */
export type AlertInput = { readonly id: string; readonly member: Member | null };

/** Alerts of one rule and tenant by other fields than the rule's key. */
export class AlertStage {
  readonly #rule: RulePlan;
  readonly #plan: AlertPlan;
  readonly #tenant: string;
  readonly #keys: { readonly texts: readonly string[]; readonly alerts: KeyAlerts }[] = [];
  readonly #byTexts = new Map<string, number>();
  readonly #touched = new Set<number>();
  readonly #due = new TimerHeap();

  constructor(rule: RulePlan, plan: AlertPlan, tenant: string) {
    this.#rule = rule;
    this.#plan = plan;
    this.#tenant = tenant;
  }

  put(texts: readonly string[], { id, member }: AlertInput): void {
    const key = this.#key(texts);
    const { alerts } = this.#keys[key]!;
    if (member === null) alerts.remove(id);
    else alerts.put(member);
    this.#touched.add(key);
  }

  #key(texts: readonly string[]): number {
    const name = JSON.stringify(texts);
    let key = this.#byTexts.get(name);
    if (key === undefined) {
      key = this.#keys.push({ texts, alerts: new KeyAlerts() }) - 1;
      this.#byTexts.set(name, key);
    }
    return key;
  }

  /** `settledBefore`: no result that is not known yet begins before it. */
  settle(settledBefore: number, output: (change: AlertChange) => void): void {
    while (this.#due.next < settledBefore) this.#touched.add(this.#due.take());
    for (const key of this.#touched) {
      const { texts, alerts } = this.#keys[key]!;
      const { forMs, maxMs, fields } = this.#plan;
      const facts = {
        rule: this.#rule.id,
        tenant: this.#tenant,
        severity: this.#rule.facts.severity,
        key: () => Object.fromEntries(fields.map((path, i) => [path.join('.'), texts[i]!])),
        forMs,
        maxMs,
        // A result may go from one alert to another, whose handle is then another one.
        handleOf: (id: string) => resultId(['alert', ...texts, id]),
      };
      for (const change of alerts.update(facts, settledBefore)) output(change);
      this.#due.set(key, alerts.dueMs(facts) - 1);
    }
    this.#touched.clear();
  }

  /** By key: its texts, and its alerts. */
  *snapshot(): Generator<readonly [texts: readonly string[], alerts: Json]> {
    for (const { texts, alerts } of this.#keys) if (!alerts.isEmpty) yield [texts, alerts.toJson()];
  }

  restore(texts: readonly string[], json: Json): void {
    const key = this.#key(texts);
    const alerts = KeyAlerts.fromJson(json);
    this.#keys[key] = { texts, alerts };
    this.#touched.add(key);
  }
}
