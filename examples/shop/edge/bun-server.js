/** Serves a bundle in Bun. Prints its port. */
const [file, port] = process.argv.slice(2);
const { default: bundle } = await import(file);
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(port ?? 0),
  fetch: (request) => bundle.fetch(request),
});
console.log(server.port);
