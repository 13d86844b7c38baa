import type { Span } from '../../plan/diagnostic.ts';

/** What is wrong with a piece of code. */
export interface CodeProblem {
  readonly code: `E${number}`;
  readonly message: string;
  readonly span: Span;
  readonly try?: string | undefined;
}
