// The engine process with a canary, and with what an escape would do: harm to what rules of one realm share.
import { Script, type Context } from 'node:vm';

const realms: Context[] = [];
const own = Object.getOwnPropertyDescriptor(Script.prototype, 'runInContext')!;
const runInContext = own.value as (this: Script, realm: Context, options?: object) => unknown;
await import('./watched-engine.ts');
const watching = Object.getOwnPropertyDescriptor(Script.prototype, 'runInContext')!
  .value as typeof runInContext;
Script.prototype.runInContext = function (realm, options) {
  realms.push(realm);
  return watching.call(this, realm, options);
};
process.stdin.prependListener('data', () => {
  if (realms.length > 0) runInContext.call(new Script('Object.prototype.polluted = 1'), realms[0]!);
});
