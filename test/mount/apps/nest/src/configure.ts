import { INestApplication, ValidationPipe } from "@nestjs/common";
import { EnvelopeInterceptor } from "./envelope.interceptor";
import { ProblemFilter } from "./problem.filter";

/** What the server and the tests share. */
export function configure(app: INestApplication): INestApplication {
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalInterceptors(new EnvelopeInterceptor());
  return app;
}
