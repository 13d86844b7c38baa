import type { Json } from '../plan/json.ts';

/**
 * The value of a JSON text (RFC 8259); undefined if it is not one. Accepts what `JSON.parse` accepts, and differs in
 * what it gives only for integers that a double cannot hold and numbers beyond its range: these are their text.
 */
export function parseJsonText(text: string): Json | undefined {
  try {
    const value = JSON.parse(text, exactNumbers as never) as Json;
    return value;
  } catch {
    return undefined;
  }
}

/** ES2025 hands a reviver the source of each number. */
function exactNumbers(_name: string, value: Json, context?: { source?: string }): Json {
  return typeof value === 'number' && context?.source !== undefined
    ? exactNumber(value, context.source)
    : value;
}

/** The number, or its text where the number would be another one. */
export function exactNumber(value: number, source: string): number | string {
  if (Number.isSafeInteger(value)) return value;
  if (!Number.isFinite(value)) return source;
  if (!/^-?\d+$/.test(source)) return value;
  return BigInt(source) === BigInt(value) ? value : source;
}
