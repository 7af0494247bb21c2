/**
 * Owns what each of SQLite's result codes means to a caller. It must never look at a message to tell errors apart.
 */
import { isSkeinCode, isSkeinError, skeinError, type SkeinError } from "../../../errors/index.ts";
import { type Failure, toFailure } from "./protocol.ts";

/** Primary result codes (https://sqlite.org/rescode.html): the low eight bits of what is reported. */
const primary = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  full: 13,
  cantOpen: 14,
  constraint: 19,
  mismatch: 20,
  auth: 23,
};
const extended = { foreignKey: 787, primaryKey: 1_555, unique: 2_067, rowId: 2_579 };

export function isBusy(failure: Failure): boolean {
  const code = (failure.errcode ?? 0) & 0xff;
  return code === primary.busy || code === primary.locked;
}

/** SQLite's own words stay in the cause: they may hold names of tables and values. */
export function fromFailure(failure: Failure): SkeinError {
  const cause = new Error(failure.message);
  if (failure.skeinCode !== undefined && isSkeinCode(failure.skeinCode)) {
    return skeinError(failure.skeinCode, failure.message);
  }
  if (failure.errcode === undefined) return skeinError("SKEIN_DATA_QUERY", undefined, { cause });
  const { unique, primaryKey, rowId } = extended;
  if ([unique, primaryKey, rowId].includes(failure.errcode))
    return skeinError("SKEIN_DATA_UNIQUE", undefined, { cause });
  switch (failure.errcode & 0xff) {
    case primary.busy:
    case primary.locked:
      return skeinError("SKEIN_DATA_BUSY", undefined, { cause });
    case primary.readOnly:
      return skeinError("SKEIN_DATA_READ_ONLY", undefined, { cause });
    case primary.full:
      return skeinError("SKEIN_DATA_FULL", undefined, { cause });
    case primary.ioError:
    case primary.cantOpen:
    case primary.auth:
      return skeinError("SKEIN_DATA_UNAVAILABLE", "the database file cannot be read or written", {
        cause,
        outcome: "failed",
      });
    case primary.constraint:
      return skeinError("SKEIN_DATA_CONSTRAINT", undefined, { cause });
    case primary.mismatch:
      return skeinError("SKEIN_DATA_VALUE", "a value does not fit its column", { cause });
    default:
      return skeinError("SKEIN_DATA_QUERY", undefined, { cause });
  }
}

export function fromThrown(error: unknown): SkeinError {
  return isSkeinError(error) ? error : fromFailure(toFailure(error));
}
