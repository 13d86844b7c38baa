import type { Diagnostic } from '../../plan/diagnostic.ts';

/** One kind of diagnostic. Codes are published names: never reused, never given another meaning. */
export interface CodeFacts {
  readonly code: Diagnostic['code'];
  readonly title: string;
  readonly why: string;
  /** What to do, where the message knows nothing better. */
  readonly try?: string;
  readonly example?: string;
}
