/**
 * A sum of doubles that is exact until it is read, so that the order of the values cannot matter, and that can take a
 * value out again. Non-overlapping partial sums after Shewchuk, "Adaptive Precision Floating-Point Arithmetic" (1997);
 * reading rounds once, half to even, as CPython's `math.fsum` does.
 */
export class ExactSum {
  readonly #partials: number[] = [];
  /** Values so large that partial sums may overflow are added as integers instead: units of 2^-1074. */
  #large = 0n;

  add(value: number): void {
    if (Math.abs(value) > 1e290) this.#large += unitsOf(value);
    else this.#addPartial(value);
  }

  remove(value: number): void {
    this.add(-value);
  }

  #addPartial(x: number): void {
    const partials = this.#partials;
    let kept = 0;
    for (let i = 0; i < partials.length; i++) {
      let y = partials[i]!;
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y;
      const low = y - (high - x);
      if (low !== 0) partials[kept++] = low;
      x = high;
    }
    partials.length = kept;
    if (x !== 0) partials.push(x);
  }

  /** The sum, rounded once. An empty sum, and every sum that is zero, is +0. */
  get value(): number {
    if (this.#large !== 0n) return doubleFrom(this.exact, 1n);
    return roundedSum(this.#partials);
  }

  /** The exact sum in units of 2^-1074. Costs a conversion of each partial sum to an integer. */
  get exact(): bigint {
    return this.#partials.reduce((sum, partial) => sum + unitsOf(partial), this.#large);
  }
}

function roundedSum(partials: readonly number[]): number {
  let n = partials.length;
  if (n === 0) return 0;
  let high = partials[--n]!;
  let low = 0;
  while (n > 0) {
    const x = high;
    const y = partials[--n]!;
    high = x + y;
    low = y - (high - x);
    if (low !== 0) break;
  }
  // Half-way cases: the remaining partials decide to which side the sum lies.
  if (n > 0 && ((low < 0 && partials[n - 1]! < 0) || (low > 0 && partials[n - 1]! > 0))) {
    const doubled = low * 2;
    const up = high + doubled;
    if (doubled === up - high) high = up;
  }
  return high + 0;
}

const view = new DataView(new ArrayBuffer(8));

/** A finite double as an integer count of 2^-1074, which every double is. */
export function unitsOf(value: number): bigint {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const units = exponent === 0 ? fraction : (fraction | 0x10000000000000n) << BigInt(exponent - 1);
  return bits >> 63n === 1n ? -units : units;
}

/**
 * The double nearest to `units` * 2^-1074 / `divisor`, half to even; infinite beyond the range. `divisor` > 0.
 */
export function doubleFrom(units: bigint, divisor: bigint): number {
  const negative = units < 0n;
  const magnitude = negative ? -units : units;
  if (magnitude === 0n) return 0;
  // At least 66 bits of quotient, so that the sticky bit below decides every tie.
  const shift = Math.max(0, 66 + bitLength(divisor) - bitLength(magnitude));
  let quotient = (magnitude << BigInt(shift)) / divisor;
  if (quotient * divisor !== magnitude << BigInt(shift)) quotient |= 1n;
  // quotient * 2^-(1074 + shift): keep 53 bits, or fewer for subnormal numbers.
  const length = bitLength(quotient);
  const drop = Math.max(length - 53, shift);
  const value = scaled(roundHalfEven(quotient, drop), drop - shift - 1074);
  return negative ? -value : value;
}

function roundHalfEven(value: bigint, drop: number): number {
  if (drop <= 0) return Number(value << BigInt(-drop));
  const kept = value >> BigInt(drop);
  const rest = value - (kept << BigInt(drop));
  const half = 1n << BigInt(drop - 1);
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return Number(up ? kept + 1n : kept);
}

/** `value * 2^exponent` in steps that do not overflow or lose bits on the way. */
function scaled(value: number, exponent: number): number {
  while (exponent > 1000) {
    value *= 2 ** 1000;
    exponent -= 1000;
  }
  // Multiplying by exact powers of two loses nothing as long as the result is a double, which it is here.
  while (exponent < -1000) {
    value *= 2 ** -1000;
    exponent += 1000;
  }
  return value * 2 ** exponent;
}

const bitLength = (value: bigint): number => value.toString(2).length;
