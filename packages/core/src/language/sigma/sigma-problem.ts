import type { Diagnostic, Span } from '../../plan/diagnostic.ts';

/** Thrown where a document cannot be read on; caught once for each document, so that the others still load. */
export class SigmaProblem extends Error {
  readonly code: Diagnostic['code'];
  readonly span: Span;
  readonly try: string | undefined;

  constructor(code: Diagnostic['code'], message: string, span: Span, correction?: string) {
    super(message);
    this.code = code;
    this.span = span;
    this.try = correction;
  }
}
