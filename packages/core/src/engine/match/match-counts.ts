import type { Json } from '../../plan/json.ts';
import type { ByteReader } from '../../state/byte-reader.ts';
import type { ByteWriter } from '../../state/byte-writer.ts';

/** Totals of this engine part; see `Counts` in frames.ts. */
export class MatchCounts {
  read = 0;
  decoded = 0;
  undecodable = 0;
  duplicates = 0;
  wanted = 0;
  late = 0;
  noTime = 0;
  future = 0;
  noKey = 0;
  excepted = 0;
  readonly rules: RuleTally[] = [];

  constructor(rules: number) {
    this.add(rules);
  }

  /** There are so many rules now. */
  add(rules: number): void {
    while (this.rules.length < rules)
      this.rules.push({
        matched: 0,
        filterCalls: 0,
        filterErrors: 0,
        late: 0,
        excepted: 0,
        results: 0,
      });
  }

  snapshot(writer: ByteWriter): void {
    const { rules, ...totals } = this;
    writer.value({ rules: rules as unknown as Json, totals: totals as unknown as Json });
  }

  /** `takes`: only one engine part goes on counting what was counted. */
  restore(reader: ByteReader, takes: boolean): void {
    const { rules, totals } = reader.value() as unknown as {
      rules: Record<string, number>[];
      totals: Record<string, number>;
    };
    if (!takes) return;
    const add = (to: object, counts: Record<string, number>): void => {
      for (const [name, count] of Object.entries(counts))
        (to as Record<string, number>)[name]! += count;
    };
    add(this, totals);
    rules.forEach((counts, i) => add(this.rules[i]!, counts));
  }
}

interface RuleTally {
  matched: number;
  filterCalls: number;
  filterErrors: number;
  late: number;
  excepted: number;
  results: number;
}
