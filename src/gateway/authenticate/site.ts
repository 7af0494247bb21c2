/**
 * Owns telling whether another site's page caused a request that carries what a browser sends by itself: a cookie, a
 * certificate. It must never refuse a program, which says nothing about pages.
 */
import { skeinError } from "../../errors/index.ts";
import type { Credentials } from "../../system/index.ts";

const reading = new Set(["GET", "HEAD", "OPTIONS"]);

/** Throws `SKEIN_ACCESS_DENIED`. A browser says where a request comes from; a program sends neither header. */
export function checkSite(request: Credentials, origins: readonly string[], credential: string): void {
  if (reading.has(request.method)) return;
  const origin = request.header("origin");
  if (origin !== undefined && origins.includes(origin)) return;
  const site = request.header("sec-fetch-site");
  if (site === "same-origin" || site === "none") return;
  const isOwn = origin === undefined || hostOf(origin) === request.header("host")?.toLowerCase();
  if (site !== undefined || !isOwn) {
    throw skeinError("SKEIN_ACCESS_DENIED", `another site's page sent the ${credential}`);
  }
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
