// What is done to a cluster, and when: the same for the same seed.
import type { Random } from '../engine/random.ts';

export const VICTIMS = ['engine', 'task-manager', 'job-manager', 'kafka'] as const;
export type Victim = (typeof VICTIMS)[number];

/** What else goes on at that moment. */
export type Moment = 'any' | 'checkpoint' | 'restore' | 'rule change';

export type Step =
  | { readonly kind: 'kill'; readonly victim: Victim; readonly moment: Moment }
  /** Nothing passes the relays for a minute: those to the broker, to the job manager, or to one task manager. */
  | { readonly kind: 'cut'; readonly relays: readonly string[] }
  /** The delay of the network begins or ends. */
  | { readonly kind: 'delay'; readonly isSlow: boolean };

/** Engines die most often. */
const OFTEN: readonly Victim[] = ['engine', 'task-manager', 'engine', 'job-manager', 'kafka'];
const MOMENTS: readonly Moment[] = ['any', 'checkpoint', 'restore', 'any', 'checkpoint'];

/** Cuts and the delay come with eight kills or more; fewer are for trying. */
export function failurePlan(
  random: Random,
  kills: number,
  cuts: readonly (readonly string[])[],
): Step[] {
  const shuffled = <T>(all: readonly T[]): T[] =>
    all
      .map((one) => ({ one, at: random.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ one }) => one);
  const victims = shuffled(Array.from({ length: kills }, (_, i) => OFTEN[i % OFTEN.length]!));
  const moments = shuffled(Array.from({ length: kills }, (_, i) => MOMENTS[i % MOMENTS.length]!));
  // Two edits, one in the first and one in the second half: later ones would be gone from what the end can show.
  for (const half of [0, 1])
    if (kills > 1)
      moments[Math.floor((half * kills) / 2) + random.below(Math.floor(kills / 2))] = 'rule change';
  const steps: Step[] = victims.map((victim, i) => ({
    kind: 'kill',
    victim,
    moment: moments[i]!,
  }));
  for (const relays of shuffled(cuts))
    steps.splice(random.between(1, steps.length), 0, { kind: 'cut', relays });
  if (kills < 8) return steps;
  const from = Math.floor(steps.length * 0.3) + random.below(3);
  steps.splice(from, 0, { kind: 'delay', isSlow: true });
  steps.splice(from + Math.ceil(steps.length * 0.35), 0, { kind: 'delay', isSlow: false });
  return steps;
}
