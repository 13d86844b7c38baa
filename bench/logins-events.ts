// A stream of logins for windows and sequences, reproducible from a seed: one event per millisecond of event time, in order.
//
// Users are uniform, but one user in a hundred is noisy (six times the rate), so that ten failures in a minute happen to the
// noisy ones only; a login in five fails.
import { randomBits } from './thesis-events.ts';

export interface LoginWorkload {
  readonly events: number;
  readonly users: number;
  readonly failurePercent: number;
  readonly seed: number;
}

export const publishedLogins: LoginWorkload = {
  events: 2_000_000,
  users: 10_000,
  failurePercent: 20,
  seed: 1,
};

/** Failures of the published stream that are at least the tenth of their user within 60 s. */
export const PUBLISHED_BURSTS = 5_733;
/** Pairs of the published stream: a failure and the next success of its user, within 60 s. */
export const PUBLISHED_PAIRS = 393_962;

const START = Date.UTC(2026, 0, 1);
const NOISY_WEIGHT = 6;

/** The events as JSON lines; `timestamp` is epoch milliseconds. */
export function* loginLines({
  events,
  users,
  failurePercent,
  seed,
}: LoginWorkload): Generator<string> {
  const bits = randomBits(seed);
  const below = (limit: number): number => bits() % limit;
  const quiet = Math.ceil(users * 0.99);
  const noisy = users - quiet;
  const weight = quiet + NOISY_WEIGHT * noisy;
  for (let i = 0; i < events; i++) {
    const at = START + i;
    const drawn = below(weight);
    const user = drawn < quiet ? drawn : quiet + ((drawn - quiet) % noisy);
    yield JSON.stringify({
      '@timestamp': new Date(at).toISOString(),
      timestamp: at,
      user: `user${user}`,
      outcome: below(100) < failurePercent ? 'failure' : 'success',
      src: `10.${below(256)}.${below(256)}.${below(256)}`,
      host: `srv${below(100)}.example.org`,
      service: 'sshd',
    });
  }
}
