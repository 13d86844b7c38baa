import { createContext, Script } from 'node:vm';
import type { Host } from '@weir/core';

/**
 * A host that evaluates generated code in a realm of its own: without globals, without code from strings, with intrinsics
 * that lead nowhere and cannot be changed, and with promises that never go on. What a call is given comes from the
 * engine's realm; that nothing of it leads there is held by the printed code, not here (docs/rule-javascript.md).
 */
export function makeHost(): Host {
  const realm = createContext(Object.create(null) as object, {
    codeGeneration: { strings: false, wasm: false },
    // Jobs of this realm run when a script ends, not when the engine's do: what waits in a call waits for ever.
    microtaskMode: 'afterEvaluate',
  });
  new Script(TAMING, { filename: 'taming' }).runInContext(realm);
  return {
    compile: (source) =>
      // Inside of a function, so that `this` is nothing.
      new Script(`(function () { "use strict"; return (${source}); })`, {
        filename: 'rule',
      }).runInContext(realm)() as unknown,
  };
}

/**
 * Takes the way to constructors and prototypes out of a realm, and makes what its values share unchangeable.
 *
 * `Object.prototype` is made so property by property and `Array.prototype` is only closed: `Object.freeze` of either
 * makes every store into an element of an object or list slower, 7 to 28 times (endo issue 1563; measured on V8 13.6).
 * `constructor` is given no value and not deleted, which made methods of text slower by half.
 */
const TAMING = `(function () {
  "use strict";
  const { defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, preventExtensions } = Object;
  const { ownKeys } = Reflect;
  const world = globalThis;
  const { TypeError } = world;
  const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
  const objects = new Set();
  const collect = (value) => {
    if (!isObject(value) || objects.has(value) || value === world) return;
    objects.add(value);
    collect(getPrototypeOf(value));
    for (const key of ownKeys(value)) {
      const { value: held, get, set } = getOwnPropertyDescriptor(value, key);
      for (const part of [held, get, set]) collect(part);
    }
  };
  for (const key of ownKeys(world)) collect(world[key]);
  // Intrinsics that no global names.
  for (const made of [
    function* () {},
    async function () {},
    async function* () {},
    (function* () {})(),
    (async function* () {})(),
    [][Symbol.iterator](),
    ""[Symbol.iterator](),
    new Map()[Symbol.iterator](),
    new Set()[Symbol.iterator](),
    "".matchAll(/a/g),
  ])
    collect(made);
  const refuse = freeze(() => { throw new TypeError("a list is not a text"); });
  for (const object of objects) {
    if (object === Array.prototype) defineProperty(object, "toString", { value: refuse });
    if (getOwnPropertyDescriptor(object, "constructor")?.configurable)
      defineProperty(object, "constructor", { value: undefined });
  }
  for (const name of ["__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"])
    delete Object.prototype[name];
  const fix = (object) => {
    preventExtensions(object);
    for (const key of ownKeys(object)) {
      const property = getOwnPropertyDescriptor(object, key);
      if (!property.configurable) continue;
      defineProperty(object, key, "value" in property ? { writable: false, configurable: false } : { configurable: false });
    }
  };
  for (const object of objects) {
    if (object === Array.prototype) preventExtensions(object);
    else if (object === Object.prototype) fix(object);
    else if (!(object instanceof RegExp) && object !== RegExp.prototype) freeze(object);
  }
  for (const key of ownKeys(world))
    if (getOwnPropertyDescriptor(world, key)?.configurable) delete world[key];
})()`;
