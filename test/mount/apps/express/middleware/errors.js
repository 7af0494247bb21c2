"use strict";

class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const notFound = (req, res, next) => next(new HttpError(404, `nothing at ${req.method} ${req.path}`));

// Four parameters make it an error handler.
const onError = (error, req, res, next) => {
  if (res.headersSent) return next(error);
  const status = error.status ?? (error.code === "LIMIT_FILE_SIZE" ? 413 : 500);
  if (status >= 500 && process.env.NODE_ENV !== "test") console.error(error);
  res
    .status(status)
    .json({ error: status >= 500 ? "something went wrong" : error.message, requestId: req.get("x-request-id") });
};

module.exports = { HttpError, notFound, onError };
