import { libraryByName } from '../../packages/core/src/functions/index.ts';
import { RuleCodeError } from './values.ts';

/** `utils.name(…)`: the library is the product's own; its functions have their own tests. */
export function call(name: string, args: readonly unknown[]): unknown {
  const found = libraryByName.get(name);
  if (found === undefined) throw new RuleCodeError(`there is no utils.${name}`);
  return found.run(...args);
}
