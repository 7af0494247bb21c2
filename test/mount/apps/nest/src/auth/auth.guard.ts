import {
  CanActivate,
  createParamDecorator,
  ExecutionContext,
  ForbiddenException,
  Injectable,
  SetMetadata,
  UnauthorizedException,
} from "@nestjs/common";
import { Reflector } from "@nestjs/core";
import { JwtService } from "@nestjs/jwt";
import type { Request } from "express";

export interface Who {
  sub: string;
  role: string;
}

export const Roles = (...roles: string[]) => SetMetadata("roles", roles);

export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest().user,
);

@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly jwt: JwtService,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request & { user?: Who }>();
    const [scheme, token = ""] = (request.headers.authorization ?? "").split(" ");
    if (scheme !== "Bearer") throw new UnauthorizedException("sign in first");
    const user = await this.jwt.verifyAsync<Who>(token).catch(() => undefined);
    if (!user) throw new UnauthorizedException("the token is not valid");
    request.user = user;
    const roles = this.reflector.getAllAndOverride<string[] | undefined>("roles", [
      context.getHandler(),
      context.getClass(),
    ]);
    if (roles && !roles.includes(user.role)) throw new ForbiddenException(`for ${roles.join(", ")}`);
    return true;
  }
}
