// The contestant `nest` of `start`: the hello application as its documentation has it, in plain JavaScript with the
// decorators applied by hand, which is what its compiler emits. Listens on PORT. Configuration: see bench/README.md.
import "reflect-metadata";
import { Controller, Get, Module, Param } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";

class HelloController {
  hello(name) {
    return { text: `Hello, ${name}` };
  }
}
const method = Object.getOwnPropertyDescriptor(HelloController.prototype, "hello");
Get("hello/:name")(HelloController.prototype, "hello", method);
Param("name")(HelloController.prototype, "hello", 0);
Controller()(HelloController);

class AppModule {}
Module({ controllers: [HelloController] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: ["error", "warn"] });
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT), "127.0.0.1");
