/** Values that SQLite and PostgreSQL both keep as they are. What a contract refuses is a 400; what a column refuses is a 500. */
import * as z from "zod";

/** One line of text: no control characters (PostgreSQL refuses NUL) and no halves of characters (it replaces them). */
export const line = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "must be one line of text");

/** The largest whole number of an `integer` column. */
export const integerMax = 2_147_483_647;
