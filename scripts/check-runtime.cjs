"use strict";
// Owns the first line of every npm script: is the Node that `npm run` found new enough?
// Must run on any old Node (no syntax after ES5), print one line and never a stack.

var NODE_MAJOR_MIN = 24;

/** Returns the one line to print, or null when the runtime is good. */
function problem(version) {
  var major = parseInt(version.replace(/^v/, "").split(".")[0], 10);
  if (major >= NODE_MAJOR_MIN) return null;
  return (
    "SKEIN_RUNTIME_TOO_OLD: this is Node " +
    version.replace(/^v/, "") +
    ", Skein needs " +
    NODE_MAJOR_MIN +
    " or newer. The repository brings its own (devDependency `node`), but its install script did not run: " +
    "run `npm install --ignore-scripts=false` again, or put Node " +
    NODE_MAJOR_MIN +
    " on the PATH."
  );
}

module.exports = { problem: problem };

if (require.main === module) {
  var line = problem(process.version);
  if (line !== null) {
    console.error(line);
    process.exit(1);
  }
}
