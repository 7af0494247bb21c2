"use strict";
const { HttpError } = require("./errors");

const signedIn = (req, res, next) => next(req.session.account ? undefined : new HttpError(401, "sign in first"));

const only = (role) => (req, res, next) => {
  if (!req.session.account) return next(new HttpError(401, "sign in first"));
  next(req.session.account.role === role ? undefined : new HttpError(403, `for a ${role}`));
};

module.exports = { signedIn, only };
