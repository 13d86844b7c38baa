/** What rule code threw, as one short line; nothing of it is called. */
export function messageOf(error: unknown): string {
  const text =
    error instanceof Error
      ? error.message
      : typeof error === 'string'
        ? error
        : 'the rule threw a value';
  return text.slice(0, 300);
}
