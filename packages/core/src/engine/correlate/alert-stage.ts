import type { Json } from '../../plan/json.ts';
import type { AlertPlan, RulePlan } from '../../plan/plan.ts';
import type { AlertChange } from '../../plan/result.ts';
import { TimerHeap } from '../../state/timer-heap.ts';
import { resultId } from '../result-id.ts';
import { KeyAlerts, type Member } from './alerts.ts';
import type { RowChunks } from './chunks.ts';

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
  readonly #chunks: RowChunks | null;

  /** `chunks`: null: the state is always stored as a whole. */
  constructor(rule: RulePlan, plan: AlertPlan, tenant: string, chunks: RowChunks | null) {
    this.#chunks = chunks;
    this.#rule = rule;
    this.#plan = plan;
    this.#tenant = tenant;
  }

  put(texts: readonly string[], { id, member }: AlertInput): void {
    const key = this.#key(texts);
    const { alerts } = this.#keys[key]!;
    if (member === null) alerts.remove(id);
    else alerts.put(member);
    this.#chunks?.touch(key);
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
      this.#chunks?.touch(key);
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

  /** Keys that are to be stored: all, or those that changed since this was asked last. `alerts`: null: it has none. */
  *toStore(
    isFull: boolean,
  ): Generator<{ readonly key: number; readonly texts: readonly string[]; readonly alerts: Json }> {
    const changed = this.#chunks?.takeChanged();
    for (const key of isFull || changed === undefined ? this.#keys.keys() : changed) {
      const { texts, alerts } = this.#keys[key]!;
      yield { key, texts, alerts: alerts.isEmpty ? null : alerts.toJson() };
    }
  }

  /** Gives the key's number. */
  restore(texts: readonly string[], json: Json): number {
    const key = this.#key(texts);
    const alerts = KeyAlerts.fromJson(json);
    this.#keys[key] = { texts, alerts };
    this.#touched.add(key);
    return key;
  }
}
