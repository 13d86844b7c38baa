/**
 * The engine process as an operator of a cluster runs it: results and alerts leave as records that need no reading, and
 * what a host cannot be told on a pipe of its own is said on standard error.
 */
import { serveFrames } from './serve-frames.ts';
import { stageAnswers } from './stage-answers.ts';

serveFrames(
  'stderr',
  stageAnswers(() => performance.now()),
);
