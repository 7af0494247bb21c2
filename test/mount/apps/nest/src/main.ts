import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { AppModule } from "./app.module";
import { configure } from "./configure";

async function bootstrap(): Promise<void> {
  const app = configure(await NestFactory.create(AppModule));
  await app.listen(Number(process.env.PORT ?? 3000));
}
void bootstrap();
