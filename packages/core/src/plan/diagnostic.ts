/** A place in a text, in UTF-16 code units, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What the compiler tells a rule's author. A value, never thrown; all of them are returned. */
export interface Diagnostic {
  /** E: the rule (or file) is refused. W: it runs. A code is a published name and is never reused. */
  readonly code: `${'E' | 'W'}${number}`;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file: string;
  readonly span: Span;
  /** A correction: what to write instead. */
  readonly try?: string;
  /** Why it matters. */
  readonly why?: string;
}
