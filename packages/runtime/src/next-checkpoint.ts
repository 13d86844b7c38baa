/** Least bytes between two checkpoints: what a restart may have to read again. */
const BYTES_MIN = 64 * 1024 * 1024;
const SINCE_MIN_MS = 1000;
const SINCE_MAX_MS = 30_000;
/** Checkpoints may take a tenth of the time. */
const SHARE = 10;

/** Is it time for the next checkpoint? `tookMs` is how long the last one took. */
export function nextCheckpoint({
  bytes,
  sinceMs,
  tookMs,
}: {
  readonly bytes: number;
  readonly sinceMs: number;
  readonly tookMs: number;
}): boolean {
  if (bytes === 0 || sinceMs < Math.max(SINCE_MIN_MS, tookMs * SHARE)) return false;
  return bytes >= BYTES_MIN || sinceMs >= SINCE_MAX_MS;
}
