/** What rule code threw, as one short line; nothing of it is called. */
export function messageOf(error: unknown): string {
  const text = typeof error === 'string' ? error : errorText(error);
  return (text ?? 'the rule threw a value').slice(0, 300);
}

/** Of errors of any realm: what JavaScript itself throws in rule code is none of the engine's. Rules cannot make errors. */
function errorText(error: unknown): string | undefined {
  if (!isError(error)) return undefined;
  const message = Object.getOwnPropertyDescriptor(error, 'message')?.value as unknown;
  return typeof message === 'string' ? message : undefined;
}

/** `Error.isError` of ECMA-262 asks nothing of the value. */
const { isError = (value: unknown): value is Error => value instanceof Error } =
  Error as unknown as { readonly isError?: (value: unknown) => value is Error };
