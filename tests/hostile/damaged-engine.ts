// The engine process with a canary, and with what an escape would do: harm to what rules of one realm share.
import { Script, type Context } from 'node:vm';

/** Lists of a realm share it. Only who is there before the realm is made ready for rules can reach it. */
const shared: { map: unknown }[] = [];
const seen = new Set<Context>();
let scripts = 0;
/** More scripts than it takes to make a realm ready. */
const RULES_MIN = 5;
const own = Object.getOwnPropertyDescriptor(Script.prototype, 'runInContext')!;
const runInContext = own.value as (this: Script, realm: Context, options?: object) => unknown;
Script.prototype.runInContext = function (realm, options) {
  if (!seen.has(realm))
    shared.push(runInContext.call(new Script('Array.prototype'), realm) as { map: unknown });
  seen.add(realm);
  scripts++;
  return runInContext.call(this, realm, options);
};
await import('./watched-engine.ts');
process.stdin.prependListener('data', () => {
  // Rules have come: the realm was ready, and is watched.
  if (scripts > RULES_MIN) shared[0]!.map = 1;
});
