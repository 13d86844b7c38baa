import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What an engine process may take. */
export interface EngineLimits {
  /** CPU time within one call of rule code: who takes more is stuck. */
  readonly stuckMs: number;
  /** What the process may hold while one call grows; null: as much as there is. */
  readonly memoryMaxBytes: number | null;
  /** Of the heap; beyond it the process ends by itself. null: what the platform gives. */
  readonly heapMaxBytes: number | null;
}

/** Less than 250 ms with the look that finds it, more than a full collection of a large heap usually takes. */
export const defaultEngineLimits: EngineLimits = {
  stuckMs: 75,
  memoryMaxBytes: null,
  heapMaxBytes: null,
};

const ENGINE = fileURLToPath(new URL('./engine-process.ts', import.meta.url));
const CORE = fileURLToPath(import.meta.resolve('@weir/core/frames-codec.ts'));
const MEGABYTE = 1024 * 1024;

/** Node's arguments for an engine process: it may read its own modules, and nothing else. */
export function argumentsOf(engine: string | null, limits: Partial<EngineLimits>): string[] {
  return argumentsFor(engine ?? ENGINE, readable(engine), limits);
}

/** The same for a module that lies elsewhere, with the folders that it may read. */
export function argumentsFor(
  module: string,
  folders: readonly string[],
  limits: Partial<EngineLimits>,
): string[] {
  const { heapMaxBytes, ...watch } = { ...defaultEngineLimits, ...limits };
  return [
    '--disallow-code-generation-from-strings',
    '--permission',
    // The watchdog is a thread; rule code has no way to ask for one.
    '--allow-worker',
    '--disable-warning=PERM0006',
    ...folders.map((path) => `--allow-fs-read=${path}`),
    ...(heapMaxBytes === null
      ? []
      : [`--max-old-space-size=${Math.ceil(heapMaxBytes / MEGABYTE)}`]),
    module,
    JSON.stringify(watch),
  ];
}

function readable(engine: string | null): string[] {
  const runtime = resolve(dirname(ENGINE), '..');
  const core = resolve(dirname(CORE), '..');
  const modules = resolve(runtime, '../../node_modules/@weir');
  return [runtime, core, modules, ...(engine === null ? [] : [dirname(engine)])];
}
