/**
 * Owns what a PostgreSQL URL says: which variable holds it, the schema it names, and how it may be shown.
 * It must never let a password out, in a message or in a cause.
 */
import { Secret } from "../../../core/index.ts";
import { skeinError } from "../../../errors/index.ts";
import { variableOf } from "./pool.ts";

export interface PostgresTarget {
  /** For the driver; without what is Skein's own in it. */
  readonly connectionString: Secret;
  /** `schema` of the URL's query, if given. */
  readonly schema: string | undefined;
  /** Host and port, or a socket's directory and port: what has the limit on connections. */
  readonly server: string;
  /** Safe to print: no password, no parameters. */
  readonly shown: string;
}

/** `DATABASE_URL_<NAME>`, else `DATABASE_URL`. */
export function targetFromEnv(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): PostgresTarget | undefined {
  for (const variable of [variableOf("DATABASE_URL", name), "DATABASE_URL"]) {
    const value = env[variable];
    if (value !== undefined && value !== "") return parseTarget(value, variable);
  }
  return undefined;
}

export function parseTarget(text: string, variable: string): PostgresTarget {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Without a cause: URL's own error carries the text, and with it the password.
    throw skeinError(
      "SKEIN_CONFIG_INVALID",
      `${variable} is not a URL; write postgres://user:password@host:port/database`,
    );
  }
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw skeinError("SKEIN_CONFIG_INVALID", `${variable} is not a PostgreSQL URL: it starts with ${url.protocol}//`);
  }
  const schema = url.searchParams.get("schema") ?? undefined;
  if (schema !== undefined && !/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw skeinError(
      "SKEIN_CONFIG_INVALID",
      `${variable} names a schema that is not lower-case letters, digits and "_"`,
    );
  }
  url.searchParams.delete("schema");
  return { connectionString: new Secret(url.href), schema, server: serverOf(url), shown: shownUrl(url) };
}

/** As the driver takes it: the parameters come before the URL's own place for them. */
function serverOf(url: URL): string {
  const host = url.searchParams.get("host") ?? (decodeURIComponent(url.hostname) || "localhost");
  return `${host}:${url.searchParams.get("port") ?? (url.port || "5432")}`;
}

function shownUrl(url: URL): string {
  const user = url.username === "" ? "" : `${url.username}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}`;
}
