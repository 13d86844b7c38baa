import type { RuleError, SetAside } from '../../frames.ts';
import type { Json } from '../../plan/json.ts';
import type { ResultChange } from '../../plan/result.ts';
import type { ByteWriter } from '../../state/byte-writer.ts';
import type { RuleProgram } from '../program.ts';

/** Where a result stands among events. */
export interface ResultPlace {
  readonly tenant: string;
  readonly at: number;
  readonly partition: number;
  readonly number: Json;
  readonly position: number;
}

export interface MatchOutput {
  /** An event for a window rule; the bytes are valid until the call returns. */
  row(rule: RuleProgram, tenant: string, key: ByteWriter, event: ByteWriter): void;
  /** A result of a rule that looks at each event alone. `isLate`: it is older than its rule's clock. */
  result(
    rule: RuleProgram,
    change: ResultChange,
    isLate: boolean,
    alertTexts: readonly string[] | null,
  ): void;
  /** The event at hand is of this partition. Told when it is another one than that of the event before. */
  partition(partition: number): void;
  setAside(record: SetAside): void;
  error(error: RuleError): void;
}
