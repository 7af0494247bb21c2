/**
 * What is said of each code: what happened, and what to do about it. The compiler asks for the texts of every row.
 * Must never be imported where a browser runs it: there `#error-texts` is no-texts.ts (ADR 27).
 */
import type { ErrorText, SkeinCode } from "./catalogue.ts";

// oxfmt-ignore
export const errorTexts: Readonly<Record<SkeinCode, ErrorText>> = {
  // --- calls ---
  SKEIN_CALL_CYCLE: {
    what: "The call would enter an endpoint that is already on its own call path.",
    fix: "Break the cycle shown in the message: move the shared part to a third service, or publish an event instead of calling back.",
  },
  SKEIN_CALL_DEPTH: {
    what: "The call path is longer than the limit.",
    fix: "Flatten the chain of calls: let one service gather what it needs instead of passing the request on and on.",
  },
  SKEIN_CALL_IN_TRANSACTION: {
    what: "Another service was called while a database transaction was open.",
    fix: "Call before the transaction and pass the result in, or emit an event from it with tx.emit.",
  },
  SKEIN_CALL_KIND: {
    what: "A method called another one that its kind may not call.",
    fix: "Queries and commands call queries only; declare the caller as a workflow or an action, or make the called method a query.",
  },
  SKEIN_CALL_UNDECLARED: {
    what: "A service called a method that its `uses` does not name.",
    fix: "Add the contract, or the picked method, to `uses` in the calling service's declaration.",
  },
  SKEIN_CALL_NO_ROUTE: {
    what: "No running host serves the called service.",
    fix: "Check that the service is in the system and that a started process group holds it; during a re-placement, retry.",
  },
  SKEIN_CALL_DEADLINE: {
    what: "The call's deadline passed before its answer came; it may have taken effect.",
    fix: "Look at the trace for where the time went. Retry a command only with the same key; raise the timeout only if the work is rightly that long.",
  },
  SKEIN_CALL_CANCELED: {
    what: "The caller gave up before the answer came; the call may have taken effect.",
    fix: "Nothing, if the caller meant it. To learn whether a command took effect, send it again with the same key.",
  },
  SKEIN_CALL_INCOMING: {
    what: "What the caller was sending broke off before its end.",
    fix: "Find out why the caller's own stream failed; then send the whole of it again, for an action only if it is safe to repeat.",
  },
  SKEIN_CALL_RANGE: {
    what: "The requested range is not within the content.",
    fix: "Ask for a range within the size that `data.size` or Content-Range gives, or for the whole.",
  },
  SKEIN_CALL_FAILED: {
    what: "The method failed with an error its contract does not declare.",
    fix: "Find the cause in the log of the service that failed, by the trace id; declare the error in the contract if callers should handle it.",
  },
  // --- access ---
  SKEIN_ACCESS_UNAUTHENTICATED: {
    what: "The method needs a principal and the call carries none that is valid.",
    fix: "Send valid credentials; sign in again if they have expired.",
  },
  SKEIN_ACCESS_DENIED: {
    what: "The principal may not call this method with this input.",
    fix: "Use a principal that has the role or owns the object, or change the method's `access` policy or guard.",
  },
  SKEIN_ACCESS_UNAVAILABLE: {
    what: "Who the caller is cannot be found out at the moment.",
    fix: "Find in the log why the lookup of keys or sessions failed: most often the database behind it.",
  },
  SKEIN_ACCESS_SETUP: {
    what: "An authenticator cannot work as it is set up.",
    fix: "Correct what the message names: keys, issuer, audience, or the environment variable that holds them.",
  },
  SKEIN_ACCESS_DEV_ONLY: {
    what: "An authenticator that is for development only was opened in production.",
    fix: "Remove basicForDev from the system that goes to production, and give jwt, apiKey or session instead.",
  },

  // --- values ---
  SKEIN_INPUT_INVALID: {
    what: "The input does not match the method's schema.",
    fix: "Correct the fields listed in `data.issues` and send it again.",
  },
  SKEIN_OUTPUT_INVALID: {
    what: "The method's result does not match its own output schema.",
    fix: "Return what the contract promises, or change the output schema; the issues are in the log of the service.",
  },
  SKEIN_VALUE_SET: {
    what: "A value cannot be passed between services.",
    fix: "Pass only null, booleans, finite numbers, strings, bigints, Dates, Uint8Arrays, arrays and plain objects; the message says where the other one is.",
  },
  SKEIN_ERROR_UNDECLARED: {
    what: "The handler raised an error that its contract does not declare.",
    fix: "Add the error to `errors` of the method in the contract, with the schema of its data.",
  },

  // --- keys ---
  SKEIN_KEY_REUSED: {
    what: "The idempotency key was used before with another input.",
    fix: "Use a new key for a new intention; repeat a call with exactly the input it had.",
  },
  SKEIN_KEY_IN_FLIGHT: {
    what: "A call with the same idempotency key is still running.",
    fix: "Retry after the time given in Retry-After, with the same key and the same input.",
  },
  SKEIN_KEY_INVALID: {
    what: "The idempotency key is not usable.",
    fix: "Send 1 to 255 visible characters, at least 16 when the caller is anonymous; a random UUID is good.",
  },
  // --- commands ---
  SKEIN_COMMAND_NO_TRANSACTION: {
    what: "The command returned without a database transaction, so its key and effect are not recorded.",
    fix: "Do the command's writes in one db.transaction and return its result; declare it as an action if it has none.",
  },
  SKEIN_COMMAND_SECOND_TRANSACTION: {
    what: "The command opened a second database transaction.",
    fix: "Put everything the command writes into its one db.transaction, or split it into two commands.",
  },
  SKEIN_COMMAND_REPLY: {
    what: "The command returned something other than the result of its transaction.",
    fix: "Return exactly what db.transaction returned, since that is what a retry with the same key is answered with.",
  },

  // --- databases and migrations ---
  SKEIN_DATA_READ_ONLY: {
    what: "A write was tried where the database is read-only.",
    fix: "Write in a command's db.transaction; queries and guards only read.",
  },
  SKEIN_DATA_BUSY: {
    what: "The database was busy until the deadline, and nothing was written.",
    fix: "Retry. If it lasts, look for long transactions, or raise the pool within the database's connection limit.",
  },
  SKEIN_LEASE_LOST: {
    what: "The process that ran the call does not lead its group any more; the transaction was rolled back.",
    fix: "Send it again: another process leads. If leaders change while nobody dies, look at the load of their database.",
  },
  SKEIN_LEADER_NONE: {
    what: "No process leads the group of the service at the moment, and nothing was started.",
    fix: "Send it again: a new leader is there about four seconds after one is lost. If it lasts, see `skein status`.",
  },
  SKEIN_DATA_UNAVAILABLE: {
    what: "The database cannot be reached.",
    fix: "Check that it runs and that DATABASE_URL points at it; commands are safe to retry with the same key.",
  },
  SKEIN_DATA_FULL: {
    what: "The database has no room left for the write, and nothing was kept.",
    fix: "Free or add disk space; reads go on, and writes recover by themselves.",
  },
  SKEIN_DATA_NO_ENGINE: {
    what: "A database of dialect `postgres` is declared and no PostgreSQL was found.",
    fix: "Set DATABASE_URL, install a PostgreSQL server on this machine, or declare the dialect `portable`.",
  },
  SKEIN_DATA_VALUE: {
    what: "A value cannot be stored in, or read from, a column without losing part of it.",
    fix: "Convert it to what the column's type holds; the message names the value's type and place.",
  },
  SKEIN_DATA_QUERY: {
    what: "The database refused a statement.",
    fix: "Correct the statement or the schema; the database's own words are in the cause, in the log of the service.",
  },
  SKEIN_DATA_UNIQUE: {
    what: "A row with the same unique value is there already, and the transaction was rolled back.",
    fix: "Use `on conflict` where a second row is expected, or turn this error into a declared one outside the transaction.",
  },
  SKEIN_DATA_CONSTRAINT: {
    what: "A row would break a constraint of its table, and the transaction was rolled back.",
    fix: "Check the value before writing it; the constraint is named in the cause, in the log of the service.",
  },
  SKEIN_DATA_TIMEOUT: {
    what: "A statement or an open transaction took longer than the database allows, and was rolled back.",
    fix: "Find out why it is slow: a missing index, a wait inside the transaction, too many rows at once; a statement may take 5 s.",
  },
  SKEIN_DATA_TRANSACTION: {
    what: "A transaction was used after it ended, or after one of its statements had failed.",
    fix: "Await every statement inside the callback, and let a failed statement end it; use `on conflict` for rows that may be there.",
  },
  SKEIN_MIGRATION_PENDING: {
    what: "The database lacks migrations that this build needs.",
    fix: "Run `skein migrate` before starting; in development and tests they run by themselves.",
  },
  SKEIN_MIGRATION_CHANGED: {
    what: "A migration that was already applied has changed since.",
    fix: "Restore the migration as it was applied and write the change as a new one.",
  },
  SKEIN_MIGRATION_FAILED: {
    what: "A migration failed and was rolled back.",
    fix: "Correct the migration named in the message and run it again.",
  },
  SKEIN_MIGRATION_UNKNOWN: {
    what: "The database has a migration that this build does not know.",
    fix: "Deploy the build that brought it, or a newer one; an older build does not run on a newer schema.",
  },
  SKEIN_MIGRATION_LOCKED: {
    what: "Another process held the migration lock for too long.",
    fix: "Wait for the other migration to end, then try again; if its process is gone, the lock goes with its connection.",
  },

  // --- between hosts ---
  SKEIN_TRANSPORT_UNREACHABLE: {
    what: "No connection to the host that runs the method could be made.",
    fix: "See whether that host runs and is ready; the call was not sent and may be sent again.",
  },
  SKEIN_TRANSPORT_LOST: {
    what: "The connection to the host that ran the call was lost before its answer came.",
    fix: "Ask for the result, or send the call again with the same idempotency key; without a key find out first whether it took effect.",
  },
  SKEIN_TRANSPORT_DENIED: {
    what: "One side of a connection over HTTP did not accept the proof that the other one showed.",
    fix: "Give both the same token: `<SERVICE>_TOKEN` of the hosts is `SKEIN_TOKEN` of a service in another language; call by the listener's own address and not from a browser.",
  },
  SKEIN_TRANSPORT_PROTOCOL: {
    what: "The other end of a connection sent what no host of this version sends.",
    fix: "See that both ends are hosts of this system and of versions that speak to each other, and that nothing between them changes bytes.",
  },
  SKEIN_TRANSPORT_CROWDED: {
    what: "The connection has as many calls under way as it may have, or its other end reads too slowly.",
    fix: "Send it again a little later; add replicas of the service, or find what makes its calls take so long.",
  },
  SKEIN_TRANSPORT_TOO_LARGE: {
    what: "The input, reply or item has more bytes than one message between hosts may have.",
    fix: "Make it a stream, or send a reference to it; a message has at most 4 MiB.",
  },

  // --- declarations ---
  SKEIN_CONFIG_INVALID: {
    what: "A service's configuration is missing or does not match its schema.",
    fix: "Set the variables named in the message to valid values and start again.",
  },
  SKEIN_RESOURCE_FAILED: {
    what: "A resource that a service declares could not be opened.",
    fix: "See the cause in the log: the resource's own `open` failed.",
  },
  SKEIN_SYSTEM_LOAD: {
    what: "The system's file, or the code of one of its services, could not be loaded.",
    fix: "Correct the path or the error in the module named in the message; the file's default export must be a system.",
  },
  SKEIN_SYSTEM_INVALID: {
    what: "The system does not pass its check.",
    fix: "Run `skein check` and correct each error it explains.",
  },
  SKEIN_PLACEMENT_INVALID: {
    what: "The placement cannot be used for this system.",
    fix: "Correct what the message and the issues in its data name; `skein check --placement <file>` explains all of them.",
  },
  SKEIN_PLACEMENT_CONNECTIONS: {
    what: "The hosts of a placement may open more connections than their database server has.",
    fix: "Lower DATABASE_POOL_MAX, run fewer replicas, or raise max_connections; DATABASE_CONNECTIONS_MAX says the limit where the server cannot be asked.",
  },
  SKEIN_CONTRACT_INVALID: {
    what: "A contract is declared in a way that cannot work.",
    fix: "Correct the method, event or error named in the message.",
  },
  SKEIN_SERVICE_INVALID: {
    what: "A service is declared or implemented in a way that cannot work.",
    fix: "Correct what the message names in the service's declaration or handlers.",
  },
  SKEIN_FEATURE_LATER: {
    what: "The system declares something that this version of Skein cannot run yet.",
    fix: "Remove or replace what the message names, or use a version that runs it.",
  },

  // --- external services ---
  SKEIN_EXTERNAL_UNREACHABLE: {
    what: "An external service cannot be connected to.",
    fix: "Check that it runs and that its URL (the declaration's, or <NAME>_URL) is right; the cause is in the log.",
  },
  SKEIN_EXTERNAL_LOST: {
    what: "The connection to an external service was lost before its whole answer came; the call may have taken effect.",
    fix: "Ask the service what happened, or send it again with the same key where the service keeps keys.",
  },
  SKEIN_EXTERNAL_ADDRESS: {
    what: "The address of an external service is private, and nothing was sent.",
    fix: "Give the external service `allowPrivate: true` if it belongs to your own network; else correct its URL or its DNS record.",
  },
  SKEIN_EXTERNAL_REDIRECT: {
    what: "An external service answered with a redirect, which is never followed.",
    fix: "Set its URL to where the redirect leads, if that is where the service is.",
  },
  SKEIN_EXTERNAL_REPLY: {
    what: "The answer of an external service cannot be read.",
    fix: "Compare the answer with the contract: Skein reads uncompressed JSON, and text where the contract says text.",
  },
  SKEIN_EXTERNAL_TOO_LARGE: {
    what: "The answer of an external service is larger than the limit.",
    fix: "Ask for less at once, or raise `replyBytesMax` of the external service; it is 4 MiB unless given.",
  },
  SKEIN_EXTERNAL_BUSY: {
    what: "An external service answered that it is too busy (429 or 503).",
    fix: "Call it less often, or ask its owner for a higher limit; queries were tried again already.",
  },
  SKEIN_EXTERNAL_FAILED: {
    what: "An external service answered with an error of its own (5xx).",
    fix: "Tell its owner, with the trace id; the status is in `data.status`.",
  },
  SKEIN_EXTERNAL_DENIED: {
    what: "An external service does not accept our credentials (401 or 403).",
    fix: "Correct the `authorization` or `headers` of the external service, or the settings they are made of.",
  },
  SKEIN_EXTERNAL_NOT_FOUND: {
    what: "An external service does not have what was asked for (404 or 410), and its contract declares no error for that.",
    fix: "Check the path in its URL; if the answer is a normal one, declare an error with that status in the contract.",
  },
  SKEIN_EXTERNAL_REFUSED: {
    what: "An external service refused a request (4xx) in a way that its contract does not declare.",
    fix: "Compare the request with the service's own description; declare an error with that status if the answer is a normal one.",
  },
  SKEIN_EXTERNAL_CROWDED: {
    what: "Too many calls wait for a connection to an external service.",
    fix: "Find out why it is slow, or raise `connections` of the external service.",
  },

  // --- what `skein check` finds ---
  SKEIN_CHECK_CONTRACT_UNKNOWN: {
    what: "A service uses a contract that no service of the system implements.",
    fix: "Add a service of that contract to the system, correct its name, or remove it from `uses`.",
  },
  SKEIN_CHECK_MEMBER_UNKNOWN: {
    what: "A service uses a method that the service of that contract does not have.",
    fix: "Use the contract that the other service implements, or add the method there.",
  },
  SKEIN_CHECK_CONTRACT_FORKED: {
    what: "Two different contracts have one name: a service uses one and another service implements the other.",
    fix: "Import the contract from one place in both services.",
  },
  SKEIN_CHECK_BREAKING: {
    what: "A contract no longer keeps what an earlier version promised: callers, subscribers or stored values of that version do not fit.",
    fix: "Add beside the old one (an optional field, another method, a higher version of an event), and remove the old one once nobody uses it.",
  },
  SKEIN_CHECK_SKEW: {
    what: "What is new does not fit a service of the earlier version, and during a roll both run.",
    fix: "Roll the services out before anybody makes use of what is new.",
  },
  SKEIN_CONTRACTS_FILE: {
    what: "The contracts to compare with cannot be read.",
    fix: "Name a file that `skein check --write` has made, or a commit that holds a contracts.json beside the system file.",
  },
  SKEIN_CHECK_CYCLE: {
    what: "The declarations allow a cycle of calls.",
    fix: "Pick in `uses` only what is called, move the shared part to a third service, or publish an event instead of calling back.",
  },
  SKEIN_CHECK_OWNERS: {
    what: "More than one service of the system implements the same contract.",
    fix: "Keep one of them, or give the other a contract of its own.",
  },
  SKEIN_CHECK_DIALECTS: {
    what: "Services share a database by name and declare different dialects for it.",
    fix: "Declare one dialect for the name, or give the databases different names.",
  },
  SKEIN_CHECK_ROUTE_CLASH: {
    what: "Two methods have the same HTTP route.",
    fix: "Give one of them another path or verb; the names of parameters do not tell routes apart.",
  },
  SKEIN_CHECK_MOUNT_CLASH: {
    what: "A mounted application would answer paths that are already somebody's.",
    fix: "Mount it below another prefix, move the contract's route elsewhere, or name the route in the mount's `moved` so that the contract answers it.",
  },
  SKEIN_CHECK_MOUNT_MOVED: {
    what: "A mount says that a route has moved to a contract, and no contract has that route below its prefix.",
    fix: "Write the route as the contract does (`GET /users/:id`), or take it out of `moved`.",
  },
  SKEIN_CHECK_MOUNT_SHADOWED: {
    what: "A route of a mounted application is never reached, because the gateway answers its path itself.",
    fix: "Nothing, if nobody needs it there; else mount the application below a prefix of its own.",
  },
  SKEIN_CHECK_ROUTE_RESERVED: {
    what: "A method has a route that the gateway answers itself.",
    fix: "Choose another path than /openapi.json, /docs, /health and /_runs, and what is below them.",
  },
  SKEIN_CHECK_ACCESS_MISSING: {
    what: "A method has no access, so every call of it is refused.",
    fix: "Give the method an access in `policy`: public, internal, guarded or a role.",
  },
  SKEIN_CHECK_INTERNAL_ROUTE: {
    what: "An internal method has an HTTP route, which it can never answer.",
    fix: "Remove the route from the contract, or give the method another access.",
  },
  SKEIN_CHECK_USES_KIND: {
    what: "A service uses a method that none of its own methods may call.",
    fix: "Pick only the queries it calls, or declare the calling method as an action.",
  },
  SKEIN_CHECK_USES_IDLE: {
    what: "A service uses a contract without any method to call.",
    fix: "Remove the contract from `uses`; events need none.",
  },
  SKEIN_CHECK_COMMAND_DATABASE: {
    what: "A command is in a service that has no database for its transaction.",
    fix: "Add a database to `has`, or declare the method as an action.",
  },
  SKEIN_CHECK_RATE_DATABASE: {
    what: "A method has a shared rate limit, and its service has no database to count in.",
    fix: "Add a database to `has`, or leave out `shared`: each gateway then counts for itself.",
  },
  SKEIN_CHECK_VALUE_SET: {
    what: "A schema allows a value that cannot cross between services.",
    fix: "Use null, booleans, finite numbers, strings, bigints, Date, Uint8Array, arrays and plain objects.",
  },
  SKEIN_CHECK_OPAQUE: {
    what: "The schema of a method with a route cannot be described, so OpenAPI shows any value.",
    fix: "Use a schema that its library can describe as JSON Schema, or install the converter that the message names.",
  },
  SKEIN_CHECK_ROUTE_PARAMETER: {
    what: "A route has a parameter that is no field of the method's input.",
    fix: "Name the parameter after a field of the input, or add the field.",
  },
  SKEIN_CHECK_HEADER_FIELD: {
    what: "A header or cookie is mapped to a field that the method's input does not have.",
    fix: "Name a field of the input, or add the field.",
  },
  SKEIN_CHECK_REPLY_FIELD: {
    what: "A reply takes its status, a header or a cookie from a field that the method's output does not have.",
    fix: "Name a field of the output, or add the field.",
  },
  SKEIN_CHECK_CHANNEL_RESUME: {
    what: "The input of a channel has the field that says where a client goes on after.",
    fix: "Give the field another name than `resume`; what a client resumes after is `call.resumeFrom`.",
  },
  SKEIN_CHECK_STREAM_ID: {
    what: "The id of a stream is no field of its items.",
    fix: "Name a field of the item in `stream(Item, { id })`, or leave the id out.",
  },
  SKEIN_CHECK_REQUIREMENT_ROUTE: {
    what: "A requirement is for a route that no method has.",
    fix: "Correct the route, or give it to a method of the system.",
  },
  SKEIN_CHECK_REQUIREMENT_VALUE: {
    what: "A requirement has a value that cannot be read.",
    fix: 'Write load as "200/s", p50 and p99 as durations such as "150ms", and availability in percent.',
  },
  SKEIN_CHECK_MODULE: {
    what: "The code of a service cannot be loaded.",
    fix: "Correct the error in the module; its default export must be the service's implementation.",
  },

  // --- HTTP ---
  SKEIN_HTTP_NOT_FOUND: {
    what: "No route matches the path.",
    fix: "Compare the path with those in /openapi.json.",
  },
  SKEIN_MOUNT_UNKNOWN: {
    what: "What was mounted is no application that Skein knows, or it did not start.",
    fix: "Give an Express, Connect, Fastify, Nest or Hono application, an object with fetch(request), or a (req, res) listener; or a function that gives one.",
  },
  SKEIN_MOUNT_FAILED: {
    what: "The mounted application failed before it answered.",
    fix: "Find the cause in the log by the trace id; an error handler of the application's own would have answered it.",
  },
  SKEIN_MOUNT_UPGRADE: {
    what: "A mounted application takes no WebSocket.",
    fix: "Declare a channel in a contract, or let the application listen on a port of its own for its WebSockets.",
  },
  SKEIN_MOUNT_ENGINE: {
    what: "A mounted application runs only behind a gateway of Node.",
    fix: "Serve the system with `skein dev` or `createGateway` in Node, or leave the mount out of the bundle for other runtimes.",
  },
  SKEIN_HTTP_METHOD: {
    what: "The path exists, but not with this HTTP method.",
    fix: "Use one of the methods in the response's Allow header.",
  },
  SKEIN_HTTP_UPGRADE: {
    what: "The route is a channel and has to be opened as a WebSocket.",
    fix: "Connect with a WebSocket client of version 13 and the protocol skein.channel.1; some proxies need to be told to let upgrades through.",
  },
  SKEIN_HTTP_MESSAGE: {
    what: "A message of a channel is not what the protocol says.",
    fix: "Send text messages of JSON, one item each with `n` going up by one, and no more than were acknowledged and 64.",
  },
  SKEIN_HTTP_BODY_TOO_LARGE: {
    what: "The request's body is larger than the limit.",
    fix: "Send less at once; the limit is 1 MiB unless the route declares its own.",
  },
  SKEIN_HTTP_BODY_INVALID: {
    what: "The request's body cannot be read as JSON within the limits.",
    fix: "Send well-formed UTF-8 JSON, at most 64 levels deep and 10,000 keys, without the keys __proto__, constructor and prototype.",
  },
  SKEIN_HTTP_MEDIA_TYPE: {
    what: "The request's body has a content type or encoding that the route does not take.",
    fix: "Send Content-Type: application/json, or one that the message names, with no Content-Encoding or one that it names.",
  },
  SKEIN_HTTP_HEADERS: {
    what: "The request's headers are larger or more than the limit.",
    fix: "Send at most 100 headers and 16 KiB of them.",
  },
  SKEIN_HTTP_TARGET: {
    what: "The request's target is longer than the limit.",
    fix: "Send at most 8 KiB of path and query; put what is longer into a body.",
  },
  SKEIN_HTTP_TIMEOUT: {
    what: "The request did not arrive in time.",
    fix: "Send the headers within 5 s and the whole body within 10 s.",
  },
  SKEIN_HTTP_PRECONDITION: {
    what: "The content is not the one that the request's conditions ask for.",
    fix: "Get the content anew, and send the entity tag or the date that it has now in If-Match or If-Unmodified-Since.",
  },
  SKEIN_HTTP_CROWDED: {
    what: "Too many requests of this client are being answered at once.",
    fix: "Wait for answers before sending more; at most 1,000 requests of one address are in flight.",
  },
  SKEIN_HTTP_RATE: {
    what: "The method is called more often than its policy allows.",
    fix: "Retry after the time given in Retry-After; if the rate is rightly that high, raise the `rateLimit` of the method's policy.",
  },
  SKEIN_HTTP_TLS_REQUIRED: {
    what: "The request came over plain HTTP; this server takes it over HTTPS only.",
    fix: "Send it to the https:// address. Take what it carried (passwords, tokens) for known to others.",
  },
  SKEIN_TLS_CERTIFICATE: {
    what: "A certificate, key or authorities file cannot be used.",
    fix: "Give PEM files that can be read, a key without a passphrase, and the certificate that belongs to it.",
  },
  SKEIN_HTTP_BAD_REQUEST: {
    what: "The request is not valid HTTP, or could be read in two ways.",
    fix: "Send one Host header, a target that agrees with it, and a body framed by exactly one of Content-Length or chunked encoding.",
  },
  SKEIN_HOST_OVERLOADED: {
    what: "The service has more calls than it can answer in time, so this one was not begun.",
    fix: "Send it again after the time given in Retry-After. If it happens often, add replicas, or find what takes the time.",
  },
  SKEIN_HOST_DRAINING: {
    what: "The server is shutting down and takes no new requests.",
    fix: "Retry after the time given in Retry-After; another replica or the new process will answer.",
  },

  // --- callers outside: the HTTP client and the file that `skein client` writes ---
  SKEIN_CLIENT_NETWORK: {
    what: "The connection to the server could not be made, or failed before the whole answer came.",
    fix: "Check the base URL and that the server runs. After outcome `unknown`, send a command again only with the same key.",
  },
  SKEIN_CLIENT_ANSWER: {
    what: "The answer is not one that the method's gateway gives.",
    fix: "Check that the base URL leads to the gateway, and what stands in between: a proxy, a login page, a redirect.",
  },
  SKEIN_CLIENT_TOO_LARGE: {
    what: "The answer is larger than the client takes.",
    fix: "Ask for less at once, raise the client's `responseBytesMax`, or make the method's output a stream.",
  },
  SKEIN_CLIENT_SETUP: {
    what: "The client cannot work with the options it was given.",
    fix: "Correct the option that the message names.",
  },
  SKEIN_CLIENT_STALE: {
    what: "The generated client is not what the system's contracts say now.",
    fix: "Run `skein client` again with the same --out, and commit the file.",
  },
  SKEIN_WORKFLOW_RUNNING: {
    what: "The workflow still runs; the wait for its result is over.",
    fix: "Call again with the same key to go on waiting: it is the same run.",
  },

  // --- streams ---
  SKEIN_MOVED: {
    what: "The stream was ended between two items, because the host that it came through makes room for another one.",
    fix: "Call again with `resumeFrom: error.data.lastId` to go on after the last item. Queries with ids are resumed without your doing; an action may have done part of what follows that item.",
  },

  // --- the command line and the machine ---
  SKEIN_PORT_TAKEN: {
    what: "The port is in use by another process.",
    fix: "Stop the process named in the message, or set PORT to another port (0 picks a free one).",
  },
  SKEIN_SUPERVISOR_RUNNING: {
    what: "A supervisor already runs the system of this state directory.",
    fix: "Use it (`skein status`), end it (`skein stop`), or give the second system a directory of its own with SKEIN_HOME.",
  },
  SKEIN_SUPERVISOR_START: {
    what: "A process of the system did not start.",
    fix: "Read the log that the message names; `skein check --load` finds what is wrong with a service's modules.",
  },
  SKEIN_SUPERVISOR_MODE: {
    what: "Hosts that an earlier supervisor has left run in another mode than the one that is asked for.",
    fix: "Give `--mode` as it was then, and they are taken over; or end them first with `skein stop`.",
  },
  SKEIN_PLACE_BUSY: {
    what: "The placement is being changed already, or a build is being rolled out.",
    fix: "Wait until `skein status` shows no move or roll that is under way, and ask again.",
  },
  SKEIN_PLACE_REFUSED: {
    what: "This machine has no room for the new processes beside the old ones.",
    fix: "Give the groups less memory or fewer replicas, move fewer services at once, or use a larger machine.",
  },
  SKEIN_PLACE_UNDONE: {
    what: "The placement could not be changed; calls go where they went before.",
    fix: "Read the reason and the logs of the hosts that it names, and place again.",
  },
  SKEIN_ROLL_REFUSED: {
    what: "The running system cannot be rolled to this build; nothing was begun.",
    fix: "Correct what the message names in the new build.",
  },
  SKEIN_ROLL_UNDONE: {
    what: "The new build did not serve; every host runs the build that it ran before.",
    fix: "Read the reason and `skein logs --host` of the host that it names, correct the build, and roll again.",
  },
  SKEIN_SUPERVISOR_NONE: {
    what: "No supervisor runs the system of this state directory.",
    fix: "Start one with `skein start`, or name the system file or SKEIN_HOME of the one you mean.",
  },
  SKEIN_SUPERVISOR_SILENT: {
    what: "A supervisor runs the system of this state directory and did not answer; whether it has done what it was asked is not known.",
    fix: "Ask again. If it stays silent, end the process that the message names with `kill -9`: its hosts go on, and `skein start` takes them over.",
  },
  SKEIN_SIMULATION_STUCK: {
    what: "A simulated cluster did not come to the end of what it was asked to in the virtual time it was given.",
    fix: "Look at the cluster's trace for what it waits for; heal partitions and resume paused hosts first, or give more time.",
  },
  SKEIN_SIMULATION_INVALID: {
    what: "A simulated cluster was asked for something that it does not have or cannot do.",
    fix: "The message names it; hosts are named by their group and a number, as orders-1, and the clients are \"client\".",
  },
  SKEIN_STATE_FAILED: {
    what: "The state directory of a system could not be written.",
    fix: "Make room, or give the user that runs this command the right to write there; SKEIN_HOME names another directory.",
  },
  SKEIN_STATE_UNSAFE: {
    what: "The directory for a system's sockets, in the temporary directory that all users share, may be somebody else's.",
    fix: "Find out who made the directory that the message names, and remove it; or set SKEIN_HOME to a shorter path, whose sockets are then in it.",
  },
  SKEIN_LOGS_NONE: {
    what: "No process of this state directory has written a log.",
    fix: "Start the system with `skein start`, or name the system file or SKEIN_HOME of the one you mean.",
  },
  SKEIN_CLI_USAGE: {
    what: "The command line is not one that skein understands.",
    fix: "Run the command with --help to see its arguments and options.",
  },
  SKEIN_OPENAPI_INVALID: {
    what: "An OpenAPI document cannot be imported.",
    fix: "Give one whole document of OpenAPI 3.0 or 3.1, as JSON or YAML: convert Swagger 2, and bundle one that is in several files.",
  },
  SKEIN_CLI_FAILED: {
    what: "The command failed in a way that it does not explain.",
    fix: "Run it again with SKEIN_DEBUG=1 to see the whole error; if it is not your code, report it.",
  },
  SKEIN_DEV_CRASHED: {
    what: "The process that ran the system under `skein dev` ended by itself.",
    fix: "See what it printed last: usually a promise that nobody awaited was rejected, or the code called process.exit.",
  },
  SKEIN_DEV_WATCH: {
    what: "A directory cannot be watched, so `skein dev` may miss a change in it.",
    fix: "Raise the limit of watched files (fs.inotify.max_user_watches on Linux), or restart after a change there.",
  },
  SKEIN_RUNTIME_TOO_OLD: {
    what: "This version of Node.js is too old for Skein.",
    fix: "Use Node.js 24 or newer; inside the repository, `npm install` brings one and `npm run` uses it.",
  },
  SKEIN_RUNTIME_UNSUPPORTED: {
    what: "A service needs something that this JavaScript runtime, or this bundle, does not have.",
    fix: "Run the service that the message names in Node.js, and only the others here: createFetchHandler(system, { services: [...] }).",
  },
};
