import type { Json } from '../../plan/json.ts';
import type { Result, ResultChange } from '../../plan/result.ts';
import { KeyAlerts } from './alerts.ts';
import type { Carried, Evidence } from './candidates.ts';

/** A result as it was shown, and the event right after which it stands. */
export interface Shown {
  readonly result: Result;
  readonly trigger: Evidence;
}

/** What has been shown of a key and has not ended. */
export interface Live {
  readonly results: Map<string, LiveResult>;
  carried: Carried | null;
  readonly alerts: KeyAlerts;
  /** Results that the version after has taken over: they are not told here any more. */
  handedOn: Set<string> | null;
  /** The earliest event of the version after; Infinity: it has none. */
  claimedAt: number;
}

export const newLive = (carried: Carried | null): Live => ({
  results: new Map(),
  carried,
  alerts: new KeyAlerts(),
  handedOn: null,
  claimedAt: Infinity,
});

export interface LiveResult {
  /** The last look at which it was true. */
  look: number;
  readonly revision: number;
  readonly change: ResultChange;
  readonly trigger: Evidence;
}

export function liveToJson(live: Live | undefined): Json {
  if (live === undefined) return null;
  return {
    results: [...live.results.values()].map(({ revision, change, trigger }) => ({
      revision,
      change,
      trigger,
    })) as unknown as Json,
    carried: live.carried as unknown as Json,
    alerts: live.alerts.toJson(),
    handedOn: [...(live.handedOn ?? [])],
    claimedAt: live.claimedAt === Infinity ? null : live.claimedAt,
  };
}

export function liveFromJson(json: Json): Live {
  const { results, carried, alerts, handedOn, claimedAt } = json as unknown as {
    results: LiveResult[];
    carried: Carried | null;
    alerts: Json;
    handedOn: string[];
    claimedAt: number | null;
  };
  const shown = results.map((one) => [one.change.result.id, { ...one, look: 0 }] as const);
  return {
    results: new Map(shown),
    carried,
    alerts: KeyAlerts.fromJson(alerts),
    handedOn: handedOn.length === 0 ? null : new Set(handedOn),
    claimedAt: claimedAt ?? Infinity,
  };
}
