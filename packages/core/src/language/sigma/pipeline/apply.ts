import type { SigmaRule } from '../sigma-rule.ts';
import type { Pipeline } from './pipeline.ts';
export const applyPipelines = (rule: SigmaRule, _pipelines: readonly Pipeline[]): SigmaRule => rule;
