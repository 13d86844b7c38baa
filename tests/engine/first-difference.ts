/** Where two lists of values differ first, in a few lines; '' if they are equal as JSON. */
export function firstDifference(actual: readonly unknown[], expected: readonly unknown[]): string {
  const left = actual.map((value) => JSON.stringify(value));
  const right = expected.map((value) => JSON.stringify(value));
  for (let i = 0; i < Math.max(left.length, right.length); i++)
    if (left[i] !== right[i])
      return `at ${i} of ${left.length} and ${right.length}\n  got      ${left[i]}\n  expected ${right[i]}`;
  return '';
}
