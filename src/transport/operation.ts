/** Owns putting a method of a contract together as the wire knows it. It must never load a service's code. */
import { isBytes, isStream, type Method, type Schema } from "../contract/index.ts";
import { describeSchema, type SchemaShape, type Side } from "../contract/shapes.ts";
import { Codec } from "./codec/codec.ts";
import type { Operation } from "./port.ts";

/**
 * One codec for each input, output and item. `replies`: which side of the output's schema crosses: what has been validated
 * (`"output"`), or what is validated after it came (`"input"`).
 */
export async function operationOf(
  service: string,
  name: string,
  method: Method,
  replies: Side = "output",
): Promise<Operation> {
  const { input, output } = method;
  const received = isStream(output) ? receivedBy(output) : undefined;
  return {
    service,
    method: name,
    isStream: isStream(output) || isBytes(output),
    input: await codecOf(input, "input"),
    // A download's items are a head and then bytes.
    output: isBytes(output) ? anything() : await codecOf(isStream(output) ? output.item : output, replies),
    incoming: received === undefined ? anything() : await codecOf(received, "input"),
    errors: await errorsOf(method, replies),
  };
}

/** What a channel's caller sends. */
function receivedBy(output: object): Schema | undefined {
  return (output as { readonly receive?: Schema }).receive;
}

async function errorsOf({ errors }: Method, side: Side): Promise<ReadonlyMap<string, SchemaShape>> {
  const shapes = new Map<string, SchemaShape>();
  for (const [code, { data }] of Object.entries(errors))
    if (data !== undefined) shapes.set(code, await describeSchema(data, side));
  return shapes;
}

async function codecOf(schema: Schema, side: Side): Promise<Codec> {
  return Codec.of(await describeSchema(schema, side));
}

function anything(): Codec {
  return new Codec({ is: "any" });
}
