import type { AlertChange, ResultChange } from '../../plan/result.ts';
import type { Evidence } from './candidates.ts';
import type { Shown } from './live.ts';

/** What the operator hands on. */
export interface WindowOutput {
  /** `before`: what was shown of it, if it was and was not withdrawn. */
  result(change: ResultChange, trigger: Evidence, before: Shown | null): void;
  alert(change: AlertChange): void;
  /** HAVING or SINK threw for a window that is complete. */
  failed(clause: 'HAVING' | 'SINK', error: unknown, event: Evidence): void;
}
