/** Owns the Zod text of strings and numbers with their formats and limits. It must never write a pattern that does not compile. */
import type { Json } from "./document.ts";

const formats: Readonly<Record<string, string>> = {
  "date-time": "z.iso.datetime({ offset: true })",
  date: "z.iso.date()",
  email: "z.email()",
  // Not `z.uuid()`: many servers give ids that are no RFC 9562 version.
  uuid: "z.guid()",
  uri: "z.url()",
  url: "z.url()",
  ipv4: "z.ipv4()",
  ipv6: "z.ipv6()",
  byte: "z.base64()",
};

export function stringText(json: Json): string {
  const { format, pattern, minLength, maxLength } = json;
  let text =
    (typeof format === "string" && Object.hasOwn(formats, format) ? formats[format] : undefined) ?? "z.string()";
  if (typeof minLength === "number" && minLength > 0) text += `.min(${minLength})`;
  if (typeof maxLength === "number") text += `.max(${maxLength})`;
  if (typeof pattern === "string") text += patternText(pattern);
  return text;
}

export function numberText(json: Json, type: "number" | "integer"): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = json;
  let text = type === "integer" ? "z.int()" : "z.number()";
  // In 3.0 the two words are switches of `minimum` and `maximum`.
  if (typeof minimum === "number") text += exclusiveMinimum === true ? `.gt(${minimum})` : `.min(${minimum})`;
  if (typeof maximum === "number") text += exclusiveMaximum === true ? `.lt(${maximum})` : `.max(${maximum})`;
  if (typeof exclusiveMinimum === "number") text += `.gt(${exclusiveMinimum})`;
  if (typeof exclusiveMaximum === "number") text += `.lt(${exclusiveMaximum})`;
  if (typeof multipleOf === "number" && multipleOf > 0) text += `.multipleOf(${multipleOf})`;
  return text;
}

function patternText(pattern: string): string {
  for (const flags of ["u", ""]) {
    try {
      new RegExp(pattern, flags);
      return `.regex(new RegExp(${JSON.stringify(pattern)}${flags === "" ? "" : `, "${flags}"`}))`;
    } catch {
      // The next flags, or none.
    }
  }
  return " /* its pattern is no regular expression of JavaScript */";
}
