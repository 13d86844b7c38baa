import * as library from './library.ts';
import { readSteps, RuleCodeError } from './values.ts';

const GLOBALS = [
  'Array',
  'Boolean',
  'Infinity',
  'JSON',
  'Math',
  'NaN',
  'Number',
  'Object',
  'String',
  'isFinite',
  'isNaN',
  'parseFloat',
  'parseInt',
  'undefined',
  'utils',
];
const CALLABLE = [
  'Array.isArray',
  'Array.from',
  'Boolean',
  'JSON.stringify',
  'Number',
  'Number.isInteger',
  'Number.isFinite',
  'Number.isNaN',
  'Number.parseFloat',
  'Number.parseInt',
  'Object.entries',
  'Object.fromEntries',
  'Object.keys',
  'Object.values',
  'String',
  'isFinite',
  'isNaN',
  'parseFloat',
  'parseInt',
];

/** Names that have a meaning in every rule's code. */
export const isGlobal = (name: string): boolean => GLOBALS.includes(name);

/** The value of a global: `undefined`, `Infinity`, `Math.PI`. */
export function globalValue(name: string): unknown {
  if (name === 'undefined') return undefined;
  if (name === 'NaN') return Number.NaN;
  if (name === 'Infinity') return Infinity;
  const value = name.startsWith('Math.') ? Reflect.get(Math, name.slice(5)) : undefined;
  if (typeof value === 'number') return value;
  // `list.filter(Boolean)`, `.map(Number)`.
  return (...args: unknown[]) => callGlobal(name, args);
}

/** `Math.min(…)`, `utils.lower(…)`, `Number(…)`. */
export function callGlobal(name: string, args: readonly unknown[]): unknown {
  const [owner, method] = name.split('.') as [string, string?];
  if (owner === 'utils' && method !== undefined) return library.call(method, args);
  if (owner === 'Math' && method !== undefined && method !== 'random') {
    const run: unknown = Reflect.get(Math, method);
    if (typeof run === 'function') return (run as (...args: unknown[]) => unknown)(...args);
  }
  if (!CALLABLE.includes(name))
    throw new RuleCodeError(`${name} is not a function that rules have`);
  return readGlobal(name)(...args);
}

function readGlobal(name: string): (...args: unknown[]) => unknown {
  const [owner, method] = name.split('.') as [string, string?];
  const value: unknown = Reflect.get(globalThis, owner);
  const found = method === undefined ? value : readStatic(value, method);
  return (...args) => (found as (...args: unknown[]) => unknown).apply(value, args);
}

const readStatic = (owner: unknown, name: string): unknown =>
  typeof owner === 'function' || typeof owner === 'object'
    ? Reflect.get(owner as object, name)
    : readSteps(owner, [name]);
