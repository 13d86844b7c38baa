/** A rational number: exact, and slow. */
export interface Ratio {
  readonly over: bigint;
  /** Above 0. */
  readonly under: bigint;
}

const SMALLEST = 1074n;

/** A double is a whole number of the smallest double, 2 ** -1074. */
export function exactly(value: number): bigint {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value);
  const bits = bytes.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
  return bits >> 63n === 1n ? -size : size;
}

/** The exact sum of doubles, rounded once. */
export function sumOf(values: readonly number[]): number {
  return rounded({ over: exactSum(values), under: 1n << SMALLEST });
}

/** The square root of ((n · Σv² − (Σv)²) / n²), the difference exact and rounded once. */
export function deviationOf(values: readonly number[]): number {
  const n = BigInt(values.length);
  const sum = exactSum(values);
  const squares = values.reduce((total, value) => total + exactly(value) ** 2n, 0n);
  const difference = rounded({ over: n * squares - sum ** 2n, under: 1n << (2n * SMALLEST) });
  return Math.sqrt(Math.max(0, difference) / values.length ** 2);
}

const exactSum = (values: readonly number[]): bigint =>
  values.reduce((total, value) => total + exactly(value), 0n);

/** The double nearest to a ratio; of two equally near the even one. */
export function rounded({ over, under }: Ratio): number {
  if (over < 0n) return -rounded({ over: -over, under });
  if (over === 0n) return 0;
  // The unit of the last place: 53 bits are kept, but nothing smaller than the smallest double.
  let exponent = BigInt(bitsIn(over) - bitsIn(under)) - 53n;
  if (exponent < -SMALLEST) exponent = -SMALLEST;
  let units = divideToEven(over, under, exponent);
  while (units >= 1n << 53n) units = divideToEven(over, under, ++exponent);
  return exponent > 1023n ? Infinity : Number(units) * 2 ** Number(exponent);
}

/** over / under / 2 ** exponent as a whole number, half to even. */
function divideToEven(over: bigint, under: bigint, exponent: bigint): bigint {
  const top = exponent < 0n ? over << -exponent : over;
  const bottom = exponent < 0n ? under : under << exponent;
  const whole = top / bottom;
  const twiceRest = (top % bottom) * 2n;
  const isUp = twiceRest > bottom || (twiceRest === bottom && whole % 2n === 1n);
  return isUp ? whole + 1n : whole;
}

const bitsIn = (value: bigint): number => value.toString(2).length;
