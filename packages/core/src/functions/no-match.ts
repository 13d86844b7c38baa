/**
 * Thrown by generated code where a method is called on a missing value: the whole call of the clause is
 * "no match", and no error (docs/language.md section 1).
 */
export const noMatch: object = Object.freeze({ signal: 'no match' });

export const isNoMatch = (thrown: unknown): boolean => thrown === noMatch;
