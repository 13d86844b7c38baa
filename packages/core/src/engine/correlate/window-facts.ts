import type { AlertPlan, CorrelateDetectPlan, RulePlan } from '../../plan/plan.ts';
import type { Partitions } from '../time/partitions.ts';
import type { WindowKind } from './candidates.ts';
import type { RowChunks } from './chunks.ts';
import type { WindowOperator } from './window-operator.ts';
import type { WindowOutput } from './window-output.ts';

/** What the windows of a rule and tenant are told of it, and of the part of the engine that they are in. */
export interface WindowFacts {
  readonly rule: RulePlan;
  readonly detect: CorrelateDetectPlan;
  readonly kind: WindowKind;
  readonly tenant: string;
  readonly latenessMs: number;
  readonly clock: { readonly value: number };
  readonly partitions: Partitions;
  readonly sink: ((copy: never) => unknown) | null;
  /** Results whose last event is older are those of the version before. */
  readonly givesFrom: number;
  /** The version of the rule before this one. */
  readonly before: () => WindowOperator | null;
  /** It goes on with the events that the version before holds. */
  readonly goesOn: boolean;
  /** It has not seen what came before it began. */
  readonly isWarming: () => boolean;
  /** It sees and gives nothing; what it holds stays as it is. */
  readonly isParked: () => boolean;
  /** null: alerts are not put together by the rule's key, or not at all. */
  readonly alert: AlertPlan | null;
  /** Until when others may count on the results: 'open': not on those that are open; 'unknown': nor on those to come. */
  readonly holdsLevel: 'no' | 'open' | 'unknown';
  /** Somebody asks how early results to come may begin. */
  readonly holdsAlerts: boolean;
  readonly output: WindowOutput;
  /** null: the state is always stored as a whole. */
  readonly chunks: RowChunks | null;
  readonly keyGroupOf: (key: Uint8Array) => number;
}
