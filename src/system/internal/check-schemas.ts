/** Owns what the check says about schemas: values that cannot cross, and schemas that say nothing. */
import { isBytes, isChannel, isStream, type Member, type Schema } from "../../contract/index.ts";
import type { Side } from "../../contract/shapes.ts";
import { type Finding, finding } from "../finding.ts";
import type { Declaration } from "../service.ts";
import type { Shapes } from "./shapes-cache.ts";

/** One schema as it crosses: what is given to a method, what comes out of it. */
interface Part {
  readonly where: string;
  readonly schema: Schema;
  readonly side: Side;
  /** Shown in OpenAPI. */
  readonly isPublished: boolean;
}

export async function checkSchemas(services: readonly Declaration[], shapes: Shapes): Promise<Finding[]> {
  const parts = new Map<string, Part>();
  for (const { name, contract, policy } of services) {
    for (const [member, declared] of Object.entries(contract.full as Record<string, Member>)) {
      for (const part of partsOf(`${name}.${member}`, declared, policy[member]?.access === "internal"))
        parts.set(part.where, part);
    }
  }
  const found = await Promise.all([...parts.values()].map((part) => check(part, shapes)));
  return found.flat();
}

function partsOf(id: string, member: Member, isInternal: boolean): Part[] {
  if (member.kind === "event")
    return [{ where: `${id} event`, schema: member.schema, side: "output", isPublished: false }];
  const isPublished = member.http !== undefined && !isInternal;
  const { output } = member;
  const parts: Part[] = [{ where: `${id} input`, schema: member.input, side: "input", isPublished }];
  if (isStream(output)) parts.push({ where: `${id} items`, schema: output.item, side: "output", isPublished });
  else if (!isBytes(output)) parts.push({ where: `${id} output`, schema: output, side: "output", isPublished });
  if (isChannel(output))
    parts.push({ where: `${id} received items`, schema: output.receive, side: "input", isPublished });
  for (const [code, { data }] of Object.entries(member.errors)) {
    if (data !== undefined) parts.push({ where: `${id} error ${code}`, schema: data, side: "output", isPublished });
  }
  return parts;
}

async function check({ where, schema, side, isPublished }: Part, shapes: Shapes): Promise<Finding[]> {
  const shape = await shapes(schema, side);
  const found = shape.outside.map(({ path, found: what }) =>
    finding("error", "SKEIN_CHECK_VALUE_SET", where, `${path} allows ${what}, which cannot cross between services`),
  );
  if (shape.opaque && isPublished) {
    const why = shape.note === undefined ? "" : ` (${shape.note})`;
    found.push(
      finding(
        "warning",
        "SKEIN_CHECK_OPAQUE",
        where,
        `the schema says nothing about the value, so OpenAPI shows any value${why}`,
      ),
    );
  }
  return found;
}
