/**
 * The engine process as Weir's own supervisor runs it. It has an empty environment, may read nothing but its own modules,
 * and may not make code from strings: rules are other people's code.
 */
import { serveFrames } from './serve-frames.ts';

serveFrames('pipe');
