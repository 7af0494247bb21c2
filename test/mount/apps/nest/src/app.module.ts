import { MiddlewareConsumer, Module, NestModule } from "@nestjs/common";
import { TypeOrmModule } from "@nestjs/typeorm";
import { AppController } from "./app.controller";
import { AuthModule } from "./auth/auth.module";
import { TicketsModule } from "./tickets/tickets.module";
import { timing } from "./timing.middleware";

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: "sqljs",
      location: process.env.HELPDESK_DB ?? "helpdesk.sqlite",
      autoSave: true,
      autoLoadEntities: true,
      synchronize: true,
    }),
    AuthModule,
    TicketsModule,
  ],
  controllers: [AppController],
})
export class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(timing).forRoutes("{*path}");
  }
}
