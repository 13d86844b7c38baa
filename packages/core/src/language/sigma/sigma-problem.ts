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

/** What reading a document threw, as a problem; `span`: of the document. What nobody expected is thrown again. */
export function asProblem(thrown: unknown, span: Span): SigmaProblem {
  if (thrown instanceof SigmaProblem) return thrown;
  if (thrown instanceof RangeError)
    return new SigmaProblem('E602', 'the document is nested too deeply', span);
  // An alias without its anchor, or too many of them.
  if (thrown instanceof ReferenceError)
    return new SigmaProblem('E601', `this is not YAML: ${thrown.message}`, span);
  throw thrown;
}
