import type { Json } from '../plan/json.ts';

/** A function of the library: its reference page, its check and a test of each example all come from this. */
export interface LibraryFunction {
  readonly name: string;
  readonly summary: string;
  /** Parameters in order: name and what it is. */
  readonly takes: Readonly<Record<string, string>>;
  readonly gives: string;
  /** `gives` undefined: the call gives undefined. */
  readonly examples: readonly { readonly call: string; readonly gives: Json | undefined }[];
  /** Takes anything; never throws, never keeps anything but bounded caches. */
  readonly run: (...values: unknown[]) => unknown;
  /** Makes the function of the first value from the others: done once where the others are constants. */
  readonly prepare: ((...others: unknown[]) => (value: unknown) => unknown) | null;
}

type Facts = Omit<LibraryFunction, 'run' | 'prepare'>;

export function defineFunction(
  facts: Facts & (Pick<LibraryFunction, 'run'> | { readonly prepare: Prepare }),
): LibraryFunction {
  if ('run' in facts) return Object.freeze({ ...facts, prepare: null });
  const { prepare } = facts;
  return Object.freeze({
    ...facts,
    run: (value: unknown, ...others: unknown[]) => prepare(...others)(value),
  });
}

type Prepare = NonNullable<LibraryFunction['prepare']>;

/** Text as it is, numbers and booleans as JavaScript prints them; undefined for all else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
