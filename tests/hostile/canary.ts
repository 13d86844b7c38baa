// Watches the realms of an engine process: an object that no rule may reach, and everything that code of a realm shares.
import { Script, type Context } from 'node:vm';

/** A text that is in the engine's realm only: it must never leave the process. */
export const SECRET = 'the canary sings in the engine only';

/** Own properties of everything shared: `[place, name, value or getter, setter, flags]`. */
const SHARED_THINGS = `(() => {
  const of = [
    Object, Function, Array, String, Number, Boolean, Symbol, BigInt, RegExp, Date, Promise, Map, Set, WeakMap, WeakSet,
    Error, TypeError, RangeError, SyntaxError, ReferenceError, ArrayBuffer, Uint8Array, Int32Array, Float64Array, DataView,
    Proxy, Reflect, JSON, Math, Atomics, Object.getPrototypeOf(Uint8Array),
    (function* () {}).constructor, (async () => {}).constructor, (async function* () {}).constructor,
    Object.getPrototypeOf([][Symbol.iterator]()), Object.getPrototypeOf(''[Symbol.iterator]()),
  ];
  const things = of.flatMap((one) => (typeof one === 'function' && one.prototype ? [one, one.prototype] : [one]));
  const names = Object.getOwnPropertyNames(globalThis).join(' ');
  return [['of all', 'global names', names]].concat(things.flatMap((thing, place) =>
    Reflect.ownKeys(thing).map((name) => {
      const { value, get, set, writable, configurable, enumerable } = Object.getOwnPropertyDescriptor(thing, name);
      const isAccessor = get !== undefined || set !== undefined;
      return [place, name, isAccessor ? get : value, set, writable, configurable, enumerable];
    }).concat([[place, 'the prototype', Object.getPrototypeOf(thing)], [place, 'extensible', Object.isExtensible(thing)]]),
  ));
})()`;

type Things = readonly (readonly unknown[])[];

const script = new Script(SHARED_THINGS);
const own = Object.getOwnPropertyDescriptor(Script.prototype, 'runInContext')!;
const runInContext = own.value as (this: Script, realm: Context, options?: object) => unknown;

const thingsOf = (realm: Context | null): Things =>
  (realm === null ? script.runInThisContext() : runInContext.call(script, realm)) as Things;

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((part, i) => Object.is(part, b[i]));

/** What differs, by name. */
function differences(before: Things, after: Things): string[] {
  const changed = after.filter((one, i) => before[i] === undefined || !isSame(one, before[i]));
  const gone = before.length > after.length ? [`${before.length - after.length} are gone`] : [];
  return [...gone, ...changed.map(([place, name]) => `${String(name)} of thing ${String(place)}`)];
}

interface Watched {
  readonly name: string;
  readonly realm: Context | null;
  readonly before: Things;
}

/** Watches this realm, and from its first script on each one in which scripts are run. Returns what tells the damage. */
export function watchRealms(): () => string[] {
  const canary = { touched: false, secret: SECRET };
  const globals = globalThis as unknown as Record<string, unknown>;
  globals['weirCanary'] = canary;
  const watched: Watched[] = [{ name: 'the engine’s realm', realm: null, before: thingsOf(null) }];
  Script.prototype.runInContext = function (realm, options) {
    if (!watched.some((one) => one.realm === realm))
      watched.push({ name: `rule realm ${watched.length}`, realm, before: thingsOf(realm) });
    return runInContext.call(this, realm, options);
  };
  return () => {
    const problems = watched.flatMap(({ name, realm, before }) =>
      differences(before, thingsOf(realm)).map((what) => `${name}: ${what}`),
    );
    if (globals['weirCanary'] !== canary) problems.push('the canary is gone');
    if (canary.touched || Object.keys(canary).length !== 2) problems.push('the canary was touched');
    return problems;
  };
}
