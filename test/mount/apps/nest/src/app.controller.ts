import { Controller, Get, InternalServerErrorException, Redirect } from "@nestjs/common";

@Controller()
export class AppController {
  @Get()
  about() {
    return { name: "helpdesk" };
  }

  @Get("health")
  health() {
    return { status: "ok" };
  }

  @Get("manual")
  @Redirect("https://example.org/manual", 301)
  manual() {}

  @Get("fail")
  fail() {
    throw new InternalServerErrorException("the words of a bug");
  }
}
