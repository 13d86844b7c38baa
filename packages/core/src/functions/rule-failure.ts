/** What generated code may throw of its own: shown to the rule's author. */
export class RuleFailure extends Error {}

export const fail = (message: string): never => {
  throw new RuleFailure(message);
};

/** What a value is, in words. Asks nothing of it. */
export const kindOf = (value: unknown): string =>
  typeof value === 'string'
    ? 'a text'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object' && value !== null
        ? 'an object'
        : `a ${value === null ? 'null' : typeof value}`;
