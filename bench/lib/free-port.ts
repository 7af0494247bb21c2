// Owns finding a port that nobody listens on. Must never promise that it stays so.
import { type AddressInfo, createServer } from "node:net";

/** For a server that cannot be told to pick one itself. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
