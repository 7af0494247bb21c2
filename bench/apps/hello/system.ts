// A system of one small service, for `start`: what a newcomer writes first.
import * as z from "zod";
import { contract, query } from "skein/contract";
import { service, system } from "skein";

const Greeting = contract("greeting", {
  hello: query({
    input: z.object({ name: z.string() }),
    output: z.object({ text: z.string() }),
    http: "GET /hello/:name",
  }),
});

const greeting = service(Greeting, { policy: { hello: { access: "public" } } }).implement({
  async hello({ name }) {
    return { text: `Hello, ${name}` };
  },
});

export default system("hello", { services: [greeting] });
