/**
 * Owns how the document tells what is no JSON: downloads with their ranges and conditions, and channels. It must never
 * describe the items of a channel as a body: they travel after the answer.
 */
import { isBytes, isChannel } from "../contract/index.ts";
import { describeSchema } from "../contract/shapes.ts";
import type { Components } from "./openapi-components.ts";
import { forReaders } from "./openapi-readers.ts";
import type { Route } from "./router.ts";

const rangeParameters = [
  ["Range", "Part of the bytes: `bytes=0-1023`."],
  ["If-None-Match", "Answer 304 when the bytes have this entity tag."],
  ["If-Range", "Answer the part only when the bytes have this entity tag."],
].map(([name, description]) => ({ name, in: "header", required: false, description, schema: { type: "string" } }));

const text = (description: string) => ({ description, schema: { type: "string" } });
const downloadHeaders = { ETag: text("Names this version of the bytes."), "Accept-Ranges": text("`bytes`.") };

/** Headers that a client of a download may send. */
export function downloadParameters(route: Route): readonly object[] {
  return isBytes(route.method.output) ? rangeParameters : [];
}

/** The answers of a download by status. */
export function downloadResponses(route: Route, type: string | undefined, headers: object): Record<string, object> {
  const content = { [type ?? "application/octet-stream"]: {} };
  const all = { ...headers, ...downloadHeaders };
  const part = { ...all, "Content-Range": text("Which part, of how many.") };
  return {
    [route.status]: { description: "The bytes", headers: all, content },
    206: { description: "Part of the bytes", headers: part, content },
    304: { description: "Not changed", headers: all },
  };
}

/** Refusals that only bytes meet. */
export function transferRefusals({ method }: Route): Array<readonly [status: number, text: string]> {
  const refusals: Array<readonly [number, string]> = [];
  if (method.body !== undefined) refusals.push([413, "The body is larger than the limit"]);
  if (method.body?.types !== undefined) refusals.push([415, "The body has a content type that is not taken"]);
  if (isBytes(method.output)) refusals.push([416, "The bytes have no such part"]);
  return refusals;
}

/** The schemas of what a channel receives and sends, each a text frame of JSON. */
export async function channelOf(route: Route, components: Components): Promise<object> {
  const { output } = route.method;
  if (!isChannel(output)) return {};
  const [receive, send] = await Promise.all([
    describeSchema(output.receive, "input"),
    describeSchema(output.item, "output"),
  ]);
  return { "x-skein-channel": { receive: components.add(receive.json), send: components.add(forReaders(send.json)) } };
}
