import type { NextFunction, Request, Response } from "express";

let count = 0;

/** A class would do too; most of theirs are functions. */
export function timing(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader("x-served", String(++count));
  next();
}
