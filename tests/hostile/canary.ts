// Watches the realms of an engine process: an object that no rule may reach, and everything that code of a realm shares.
import { Script, type Context } from 'node:vm';

/** A text that is in the engine's realm only: it must never leave the process. */
export const SECRET = 'the canary sings in the engine only';

/** Everything shared, asked for while a realm still has its globals. */
const SHARED_THINGS = `[
    Object, Function, Array, String, Number, Boolean, Symbol, BigInt, RegExp, Date, Promise, Map, Set, WeakMap, WeakSet,
    Error, TypeError, RangeError, SyntaxError, ReferenceError, ArrayBuffer, Uint8Array, Int32Array, Float64Array, DataView,
    Proxy, Reflect, JSON, Math, Atomics, Object.getPrototypeOf(Uint8Array),
    (function* () {}).constructor, (async () => {}).constructor, (async function* () {}).constructor,
    Object.getPrototypeOf([][Symbol.iterator]()), Object.getPrototypeOf(''[Symbol.iterator]()),
  ].flatMap((one) => (typeof one === 'function' && one.prototype ? [one, one.prototype] : [one]))`;

type Things = readonly (readonly unknown[])[];

const script = new Script(SHARED_THINGS);
const own = Object.getOwnPropertyDescriptor(Script.prototype, 'runInContext')!;
const runInContext = own.value as (this: Script, realm: Context, options?: object) => unknown;

const objectsOf = (realm: Context | null): readonly object[] =>
  (realm === null
    ? script.runInThisContext()
    : runInContext.call(script, realm)) as readonly object[];

/** Own properties of everything shared: `[place, name, value or getter, setter, flags]`. */
function thingsOf({ realm, objects }: Pick<Watched, 'realm' | 'objects'>): Things {
  const names = Object.getOwnPropertyNames(realm ?? globalThis).join(' ');
  return [
    ['of all', 'global names', names],
    ...objects.flatMap((thing, place) => [
      ...Reflect.ownKeys(thing).map((name) => {
        const own = Object.getOwnPropertyDescriptor(thing, name)!;
        const { writable, configurable, enumerable } = own;
        const held = ['value', 'get', 'set'].map((part) => (own as Record<string, unknown>)[part]);
        return [place, name, ...held, writable, configurable, enumerable];
      }),
      [place, 'the prototype', Object.getPrototypeOf(thing) as unknown],
      [place, 'extensible', Object.isExtensible(thing)],
    ]),
  ];
}

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
  readonly objects: readonly object[];
  /** null: the realm is not ready for rules. */
  before: Things | null;
}

/**
 * Watches this realm, and each one in which scripts are run, from its second script on: the first one makes it ready for
 * rules. Returns what tells the damage.
 */
export function watchRealms(): () => string[] {
  const canary = { touched: false, secret: SECRET };
  const globals = globalThis as unknown as Record<string, unknown>;
  globals['weirCanary'] = canary;
  const here = { name: 'the engine’s realm', realm: null, objects: objectsOf(null) };
  const watched: Watched[] = [{ ...here, before: thingsOf(here) }];
  Script.prototype.runInContext = function (realm, options) {
    const known = watched.find((one) => one.realm === realm);
    if (known === undefined) {
      const name = `rule realm ${watched.length}`;
      watched.push({ name, realm, objects: objectsOf(realm), before: null });
    } else known.before ??= thingsOf(known);
    return runInContext.call(this, realm, options);
  };
  return () => {
    const problems = watched.flatMap((one) =>
      differences(one.before ?? thingsOf(one), thingsOf(one)).map((what) => `${one.name}: ${what}`),
    );
    if (globals['weirCanary'] !== canary) problems.push('the canary is gone');
    if (canary.touched || Object.keys(canary).length !== 2) problems.push('the canary was touched');
    return problems;
  };
}
