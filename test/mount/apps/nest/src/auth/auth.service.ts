import { ConflictException, Injectable, OnModuleInit, UnauthorizedException } from "@nestjs/common";
import { JwtService } from "@nestjs/jwt";
import { InjectRepository } from "@nestjs/typeorm";
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { Repository } from "typeorm";
import { User } from "./user.entity";

@Injectable()
export class AuthService implements OnModuleInit {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly jwt: JwtService,
  ) {}

  /** The first agent, who was there before the others. */
  async onModuleInit(): Promise<void> {
    if (await this.users.existsBy({ role: "agent" })) return;
    await this.users.save({ email: "agent@example.org", password: hash("change me"), role: "agent" });
  }

  async signUp(email: string, password: string): Promise<{ id: number; email: string }> {
    if (await this.users.existsBy({ email })) throw new ConflictException("that address is taken");
    const { id } = await this.users.save({ email, password: hash(password) });
    return { id, email };
  }

  async signIn(email: string, password: string): Promise<{ token: string }> {
    const user = await this.users.findOneBy({ email });
    if (!user || !matches(password, user.password)) throw new UnauthorizedException("wrong address or password");
    return { token: await this.jwt.signAsync({ sub: String(user.id), role: user.role }) };
  }
}

function hash(password: string): string {
  const salt = randomBytes(16);
  return `${salt.toString("hex")}:${scryptSync(password, salt, 32).toString("hex")}`;
}

function matches(password: string, stored: string): boolean {
  const [salt = "", key = ""] = stored.split(":");
  return timingSafeEqual(scryptSync(password, Buffer.from(salt, "hex"), 32), Buffer.from(key, "hex"));
}
