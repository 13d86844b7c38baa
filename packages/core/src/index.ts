export type * from './plan/json.ts';
export type * from './plan/plan.ts';
export type * from './plan/source-plan.ts';
export type * from './plan/limits-plan.ts';
export type * from './plan/result.ts';
export type * from './plan/diagnostic.ts';
export type * from './frames.ts';
