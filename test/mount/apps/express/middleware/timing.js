"use strict";

/** Says how long an answer took, as the load balancer's dashboard wants it. */
module.exports = () => (req, res, next) => {
  const startedAt = process.hrtime.bigint();
  const { writeHead } = res;
  res.writeHead = function (...given) {
    this.setHeader("x-response-time", `${(Number(process.hrtime.bigint() - startedAt) / 1e6).toFixed(1)}ms`);
    return writeHead.apply(this, given);
  };
  next();
};
