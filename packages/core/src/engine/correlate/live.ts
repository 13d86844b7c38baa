import type { Json } from '../../plan/json.ts';
import type { Result, ResultChange } from '../../plan/result.ts';
import { FewById } from '../../state/few-by-id.ts';
import { KeyAlerts } from './alerts.ts';
import type { Carried, Evidence } from './candidates.ts';

/** A result as it was shown, and the event right after which it stands. */
export interface Shown {
  readonly result: Result;
  readonly trigger: Evidence;
}

/** What has been shown of a key and has not ended. */
export interface Live {
  readonly results: FewById<LiveResult>;
  carried: Carried | null;
  readonly alerts: KeyAlerts;
  /** Results that the version after has taken over: they are not told here any more. */
  handedOn: Set<string> | null;
  /** The earliest event of the version after; Infinity: it has none. */
  claimedAt: number;
  /** The clock before which nothing but its alerts can change, as long as no event makes it be looked at. Not kept. */
  quietTo: number;
}

/** Of rules whose alerts are not put together by key: none ever comes. */
const NO_ALERTS = new KeyAlerts();

export const newLive = (carried: Carried | null, hasAlerts: boolean): Live => ({
  results: new FewById(),
  carried,
  alerts: hasAlerts ? new KeyAlerts() : NO_ALERTS,
  handedOn: null,
  claimedAt: Infinity,
  quietTo: -Infinity,
});

export interface LiveResult {
  readonly id: string;
  /** The last look at which it was true. */
  look: number;
  readonly revision: number;
  readonly change: ResultChange;
  readonly trigger: Evidence;
}

/** Nothing is to be remembered of the key but its events. */
export const isQuiet = ({ results, carried, alerts, handedOn, claimedAt }: Live): boolean =>
  results.size === 0 &&
  carried === null &&
  alerts.isEmpty &&
  (handedOn === null || handedOn.size === 0) &&
  claimedAt === Infinity;

export const isSameResult = (a: Result, b: Result): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b);

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
  const shown = new FewById<LiveResult>();
  for (const one of results) shown.set({ ...one, id: one.change.result.id, look: 0 });
  return {
    results: shown,
    carried,
    alerts: KeyAlerts.fromJson(alerts),
    handedOn: handedOn.length === 0 ? null : new Set(handedOn),
    claimedAt: claimedAt ?? Infinity,
    quietTo: -Infinity,
  };
}
