/** Owns asking a team's own lookup. It must never turn "cannot ask" into "is nobody". */
import { skeinError } from "../../errors/index.ts";

/** Throws `SKEIN_ACCESS_UNAVAILABLE`: to sign everybody out because a database is down would be a lie. */
export async function looked<T>(lookup: () => T | Promise<T>): Promise<T> {
  try {
    return await lookup();
  } catch (error) {
    throw skeinError("SKEIN_ACCESS_UNAVAILABLE", undefined, { cause: error });
  }
}
