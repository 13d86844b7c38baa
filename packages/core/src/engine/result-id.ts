import type { Json } from '../plan/json.ts';
import { sha256Hex128 } from '../functions/sha256.ts';

/** The id of a result: 32 hex digits of SHA-256 over the JSON of what makes the match this one. */
export function resultId(parts: readonly Json[]): string {
  return sha256Hex128(JSON.stringify(parts));
}
