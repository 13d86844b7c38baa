import type { AlertPlan, CorrelateDetectPlan, RulePlan } from '../../plan/plan.ts';
import type { AlertChange } from '../../plan/result.ts';
import type { AlertFacts, KeyAlerts } from './alerts.ts';

interface TellerFacts {
  readonly rule: RulePlan;
  readonly detect: CorrelateDetectPlan;
  readonly tenant: string;
  readonly latenessMs: number;
  /** null: alerts are not put together by the rule's key. */
  readonly alert: AlertPlan | null;
  readonly output: { alert(change: AlertChange): void };
}

/** Tells what becomes of the alerts of keys of one rule and tenant. */
export class AlertTeller {
  readonly #facts: TellerFacts;
  readonly #keyTextsOf: (row: number) => readonly string[];
  #ofKeys: AlertFacts | null = null;
  /** The row at hand. */
  #row = 0;

  constructor(facts: TellerFacts, keyTextsOfRow: (row: number) => readonly string[]) {
    this.#facts = facts;
    this.#keyTextsOf = keyTextsOfRow;
  }

  /** `settledBefore`: no result of the key that is not known yet begins before it. */
  tell(row: number, alerts: KeyAlerts, settledBefore: number): void {
    const { output, alert } = this.#facts;
    if (alert === null || !alerts.hasNews(alert.forMs, settledBefore)) return;
    this.#row = row;
    this.#ofKeys ??= this.#make(alert);
    for (const change of alerts.update(this.#ofKeys, settledBefore)) output.alert(change);
  }

  /** The clock at which an alert may end although nothing comes. */
  due(alerts: KeyAlerts): number {
    const { alert, latenessMs } = this.#facts;
    return alert === null ? Infinity : alerts.dueMs(alert) + latenessMs;
  }

  #make({ forMs, maxMs }: AlertPlan): AlertFacts {
    const { rule, tenant, detect } = this.#facts;
    return {
      rule: rule.id,
      tenant,
      severity: rule.facts.severity,
      key: () => {
        const texts = this.#keyTextsOf(this.#row);
        return Object.fromEntries(detect.keys.map(({ name }, i) => [name, texts[i]!]));
      },
      forMs,
      maxMs,
      handleOf: (id: string) => id,
    };
  }
}
