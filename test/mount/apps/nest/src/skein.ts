import { NestFactory } from "@nestjs/core";
import { AppModule } from "./app.module";
import { configure } from "./configure";

export default async () => configure(await NestFactory.create(AppModule, { logger: ["error", "warn"] }));
