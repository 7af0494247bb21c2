"use strict";
// Owns the first line of every npm script: is the Node that `npm run` found new enough?
// Must run on any old Node (no syntax after ES5), print one line and never a stack.

var fs = require("fs");
var path = require("path");

var NODE_MAJOR_MIN = 24;
var OWN = path.join(__dirname, "..", "node_modules", "node");

/** Whether the repository's own Node is there and new enough, although this is another one. */
function hasOwnNode(folder) {
  try {
    var version = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")).version;
    // A text of a few bytes stands there until the install script has put the program in its place.
    var size = fs.statSync(path.join(folder, "bin", "node")).size;
    return parseInt(version, 10) >= NODE_MAJOR_MIN && size > 1000000;
  } catch (error) {
    return false;
  }
}

/** Returns the one line to print, or null when the runtime is good; `folder` is where the repository's own Node is. */
function problem(version, folder) {
  var major = parseInt(version.replace(/^v/, "").split(".")[0], 10);
  if (major >= NODE_MAJOR_MIN) return null;
  if (hasOwnNode(folder || OWN)) {
    return (
      "SKEIN_RUNTIME_TOO_OLD: this is Node " +
      version.replace(/^v/, "") +
      ", Skein needs " +
      NODE_MAJOR_MIN +
      " or newer. The repository has its own in node_modules/.bin: " +
      "use `npm run <script>`, which finds it, or put node_modules/.bin first on the PATH."
    );
  }
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
