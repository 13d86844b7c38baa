/** What rules may cost, as `weir.yaml` says it: values for all, for the rules of a tenant's events, and for single rules. */
export interface LimitsPlan {
  readonly all: LimitValues;
  readonly tenants: readonly { readonly name: string; readonly limits: LimitValues }[];
  /** By id. They win over those of tenants. */
  readonly rules: readonly { readonly id: string; readonly limits: LimitValues }[];
}

/** What is not given is as it is one step above. */
export interface LimitValues {
  /** Of one call. */
  readonly steps?: number;
  readonly depth?: number;
  readonly bytes?: number;
  readonly resultBytes?: number;
  /** null: none. */
  readonly cpuMs?: number | null;
  /** CPU of all calls of a rule within a minute, as a part of that minute: above 0, at most 1. null: any. */
  readonly cpuShare?: number | null;
}
