import { Body, Controller, Get, HttpCode, Post, UseGuards } from "@nestjs/common";
import { CredentialsDto } from "./auth.dto";
import { AuthGuard, CurrentUser, Who } from "./auth.guard";
import { AuthService } from "./auth.service";

@Controller("auth")
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post("sign-up")
  signUp(@Body() { email, password }: CredentialsDto) {
    return this.auth.signUp(email, password);
  }

  @Post("sign-in")
  @HttpCode(200)
  signIn(@Body() { email, password }: CredentialsDto) {
    return this.auth.signIn(email, password);
  }

  @Get("me")
  @UseGuards(AuthGuard)
  me(@CurrentUser() user: Who) {
    return { id: Number(user.sub), role: user.role };
  }
}
