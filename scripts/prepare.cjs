"use strict";
// Owns npm's `prepare` step: builds dist/ so that the package can be packed or used from git.
// Must not break `npm install`: where it cannot build (old Node, production install) it says so and steps aside;
// `npm test` and friends check the runtime themselves and fail there. A real compile error does fail.

var childProcess = require("child_process");
var fs = require("fs");
var path = require("path");
var problem = require("./check-runtime.cjs").problem;

var root = path.join(__dirname, "..");
var line = problem(process.version);
if (line !== null) {
  console.error(line);
} else if (!fs.existsSync(path.join(root, "node_modules", "typescript")) || !fs.existsSync(path.join(root, "src"))) {
  console.error("skein: not built (the development dependencies or the sources are not here)");
} else {
  var built = childProcess.spawnSync(process.execPath, [path.join(__dirname, "build.ts")], { stdio: "inherit" });
  process.exit(built.status === null ? 1 : built.status);
}
