"""What a Python service needs to be one of a Skein system: how it is called, and how it calls back. Standard library only."""
import hmac, json, os, select, socket, sys, time, traceback
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

BODY_MAX = 4 * 1024 * 1024
PASSED_ON = ("traceparent", "skein-path", "skein-principal")


class Problem(Exception):
    """An error that travels: one that the contract declares, by its name, or one of Skein's, as another service answered it."""

    def __init__(self, code, status=422, data=None, **more):
        super().__init__(code)
        self.status = status
        self.body = {"code": code, **({} if data is None else {"data": data}), **more}


class Call:
    """One call: who it is for and how long it has; `ask` calls another service on its behalf."""

    def __init__(self, headers, connection=None):
        self._headers, self._connection = headers, connection
        self.caller = headers.get("skein-caller")
        self.deadline = time.monotonic() + float(headers.get("skein-timeout-ms", 10_000)) / 1000

    def remaining(self):
        """Seconds left. Raises when there are none: nobody waits for the answer any more."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Problem("SKEIN_CALL_DEADLINE", 504)
        return left

    def cancelled(self):
        """Whether the caller has hung up."""
        readable, _, _ = select.select([self._connection], [], [], 0)
        return bool(readable) and self._connection.recv(1, socket.MSG_PEEK) == b""

    def ask(self, service, method, value=None, key=None):
        """The reply of another service; raises its `Problem`. `uses` has to name the method."""
        url = urlsplit(os.environ["SKEIN_URL"])
        headers = {name: self._headers[name] for name in PASSED_ON if name in self._headers}
        headers["authorization"] = f"Bearer {os.environ['SKEIN_TOKEN']}"
        headers["content-type"] = "application/json"
        headers["skein-timeout-ms"] = str(int(self.remaining() * 1000))
        if key is not None:
            headers["idempotency-key"] = key
        connection = HTTPConnection(url.hostname, url.port, timeout=self.remaining())
        try:
            connection.request("POST", f"/{service}/{method}", json.dumps(value), headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        answer = json.loads(body) if body else None
        if response.status >= 400:
            raise Problem(answer.pop("code"), answer.pop("status"), **answer)
        return answer


def serve(service, methods, port):
    """Answers calls until it is ended: `methods` has functions `(input, call)` by name; a generator is a stream."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60  # seconds an idle connection is kept

        def do_POST(self):
            try:
                value = self.admitted()
                name = self.path.removeprefix(f"/{service}/")
                if name not in methods:
                    raise Problem("SKEIN_CALL_NO_ROUTE", 404)
                reply = methods[name](value, Call(self.headers, self.connection))
                if hasattr(reply, "__next__"):
                    self.stream(reply)
                else:
                    self.answer(200, "application/json", reply)
            except Problem as problem:
                self.answer(problem.status, "application/problem+json", problem.body)
            except (ConnectionError, TimeoutError) as error:
                self.close_connection = True
                self.log_error("%s", error)
            except Exception:  # what went wrong is for the log here, and for nobody else
                traceback.print_exc()
                self.answer(500, "application/problem+json", {"code": "SKEIN_CALL_FAILED"})

        def admitted(self):
            length = int(self.headers.get("content-length", 0))
            right = f"Bearer {os.environ['SKEIN_TOKEN']}".encode()
            if not hmac.compare_digest(self.headers.get("authorization", "").encode(), right) or "origin" in self.headers:
                self.close_connection = True
                raise Problem("SKEIN_TRANSPORT_DENIED", 401)
            if length > BODY_MAX or "transfer-encoding" in self.headers:
                self.close_connection = True
                raise Problem("SKEIN_HTTP_BODY_TOO_LARGE", 413)
            body = self.rfile.read(length)
            return json.loads(body) if body else None

        def answer(self, status, kind, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def stream(self, items):
            first = next(items, None)  # what fails before the first item has a status of its own
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            self.close_connection = True
            try:
                while first is not None:
                    self.wfile.write(f"data: {json.dumps(first)}\n\n".encode())
                    first = next(items, None)
                self.wfile.write(b"event: end\ndata: {}\n\n")
            except ConnectionError:
                raise
            except Exception as error:
                if not isinstance(error, Problem):
                    traceback.print_exc()
                    error = Problem("SKEIN_CALL_FAILED", 500)
                body = json.dumps({"status": error.status, **error.body})
                self.wfile.write(f"event: error\ndata: {body}\n\n".encode())
            finally:
                items.close()

        def log_message(self, format, *args):
            print(format % args, file=sys.stderr)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"{service} answers on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
