import type { Json } from '../../plan/json.ts';
import type { AlertPlan, RulePlan } from '../../plan/plan.ts';
import type { AlertChange } from '../../plan/result.ts';
import { TimerHeap } from '../../state/timer-heap.ts';
import { resultId } from '../result-id.ts';
import { KeyAlerts, type Member } from './alerts.ts';
import type { RowChunks } from './chunks.ts';
import { alertGroupOf } from './key-groups.ts';

/** What became of a result: null: it was withdrawn. */
export type AlertInput = { readonly id: string; readonly member: Member | null };

/** Alerts of one rule and tenant by other fields than the rule's key. */
export class AlertStage {
  readonly #rule: RulePlan;
  readonly #plan: AlertPlan;
  readonly #tenant: string;
  /** By number; null: the number is free. */
  readonly #keys: ({ readonly texts: readonly string[]; readonly alerts: KeyAlerts } | null)[] = [];
  readonly #free: number[] = [];
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
      key = this.#free.pop() ?? this.#keys.length;
      this.#keys[key] = { texts, alerts: new KeyAlerts() };
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
      if (alerts.isEmpty) this.#remove(key, texts);
      else this.#due.set(key, alerts.dueMs(facts) - 1);
    }
    this.#touched.clear();
  }

  #remove(key: number, texts: readonly string[]): void {
    this.#chunks?.remove(key, () => alertGroupOf(this.#tenant, texts));
    this.#due.clear(key);
    this.#byTexts.delete(JSON.stringify(texts));
    this.#keys[key] = null;
    this.#free.push(key);
  }

  /** Keys that are to be stored: all, or those that changed since this was asked last. */
  *toStore(
    isFull: boolean,
  ): Generator<{ readonly key: number; readonly texts: readonly string[]; readonly alerts: Json }> {
    const changed = this.#chunks?.takeChanged();
    for (const key of isFull || changed === undefined ? this.#keys.keys() : changed) {
      const one = this.#keys[key];
      if (one) yield { key, texts: one.texts, alerts: one.alerts.toJson() };
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
