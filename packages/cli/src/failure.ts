/** Exit codes: 0 all is well; 1 rules, tests or the configuration have errors; 2 it could not be done. */
export const EXIT = { ok: 0, errors: 1, failed: 2 } as const;

/** Something that the person at the terminal must mend: said in one line, without a stack. */
export class Failure extends Error {}
