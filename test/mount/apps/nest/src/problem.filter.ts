import { ArgumentsHost, Catch, ExceptionFilter, HttpException } from "@nestjs/common";
import type { Request, Response } from "express";

/** Errors as the mobile application expects them. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const request = host.switchToHttp().getRequest<Request>();
    const status =
      thrown instanceof HttpException ? thrown.getStatus() : ((thrown as { status?: number }).status ?? 500);
    const body = thrown instanceof HttpException ? thrown.getResponse() : undefined;
    const said = typeof body === "object" ? (body as { message?: unknown }).message : body;
    if (response.headersSent) return void response.end();
    response
      .status(status)
      .json({ ok: false, status, problem: status >= 500 ? "internal" : (said ?? "refused"), path: request.url });
  }
}
