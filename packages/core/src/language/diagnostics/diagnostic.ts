import type { Diagnostic, Span } from '../../plan/diagnostic.ts';
import { codeFacts } from './codes.ts';

/** Makes a diagnostic; why, and what to try if nothing better is known, come from the list of codes. */
export function diagnostic(facts: {
  readonly code: Diagnostic['code'];
  readonly message: string;
  readonly file: string;
  readonly span: Span;
  readonly try?: string | undefined;
}): Diagnostic {
  const { code, message, file, span } = facts;
  const known = codeFacts(code);
  const correction = facts.try ?? known?.try;
  return {
    code,
    severity: code.startsWith('W') ? 'warning' : 'error',
    message,
    file,
    span: { start: span.start, end: span.end },
    ...(correction === undefined ? {} : { try: correction }),
    ...(known === undefined ? {} : { why: known.why }),
  };
}
