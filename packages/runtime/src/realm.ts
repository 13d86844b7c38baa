import { createContext, Script } from 'node:vm';
import type { Host } from '@weir/core';

/** A host that evaluates generated code in a realm of its own, without any global and without eval. */
export function makeHost(): Host {
  const realm = createContext(Object.create(null) as object, {
    codeGeneration: { strings: false, wasm: false },
  });
  return {
    compile: (source) =>
      new Script(`"use strict";(${source})`, { filename: 'rule' }).runInContext(realm) as unknown,
  };
}
