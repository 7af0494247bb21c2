/** What the bundle exports: the shape that Cloudflare Workers call, and that every other server can call as well. */
import { createFetchHandler, type FetchContext } from "skein/fetch";
import edge from "./system.ts";

const handle = createFetchHandler(edge);

export default {
  fetch(request: Request, env?: FetchContext["env"], context?: Pick<FetchContext, "waitUntil">): Promise<Response> {
    return handle(request, {
      ...(env !== undefined && { env }),
      ...(context?.waitUntil !== undefined && { waitUntil: (work) => context.waitUntil?.(work) }),
    });
  },
};
