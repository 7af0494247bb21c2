"""What a Python service needs to be one of a Skein system: how it is called, and how it calls back. Standard library only."""
import hmac, json, os, select, socket, time, traceback
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

BODY_MAX = 4 * 1024 * 1024
PASSED_ON = ("traceparent", "skein-path", "skein-principal")


class Problem(Exception):
    """An error that travels: one that the contract declares, by its name and status, or what another service answered."""

    def __init__(self, code, status=422, data=None, **more):
        super().__init__(code)
        self.status = status
        body = {"code": code, "status": status, "data": data, **more}
        self.body = {name: value for name, value in body.items() if value is not None}


class Call:
    """One call: how long it has, whether anybody still waits; `ask` calls another service on its behalf."""

    def __init__(self, headers, connection):
        self.caller = headers.get("skein-caller")
        self.key = headers.get("idempotency-key")
        self._headers = {name: headers[name] for name in PASSED_ON if name in headers}
        self._connection = connection
        self._deadline = time.monotonic() + float(headers.get("skein-timeout-ms", 10_000)) / 1000

    def remaining(self):
        """Seconds left. Raises when there are none: nobody waits for the answer any more."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Problem("SKEIN_CALL_DEADLINE", 504)
        return left

    def cancelled(self):
        """Whether the caller has hung up."""
        readable, _, _ = select.select([self._connection], [], [], 0)
        return bool(readable) and self._connection.recv(1, socket.MSG_PEEK) == b""

    def ask(self, service, method, value=None, key=None):
        """The reply of another service, whose method `uses` has to name. Raises the `Problem` that it answers."""
        headers = {**self._headers, "authorization": f"Bearer {os.environ['SKEIN_TOKEN']}", "content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key
        while True:
            headers["skein-timeout-ms"] = str(int(self.remaining() * 1000))
            url = urlsplit(os.environ["SKEIN_URL"])
            connection = HTTPConnection(url.hostname, url.port, timeout=self.remaining())
            try:
                connection.request("POST", f"/{service}/{method}", json.dumps(value), headers)
                response = connection.getresponse()
                body = response.read()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)  # the host that had the port ended, and another one takes it
            except TimeoutError:
                raise Problem("SKEIN_CALL_DEADLINE", 504) from None
            except OSError as error:
                raise Problem("SKEIN_TRANSPORT_LOST", 503) from error
            finally:
                connection.close()
        answer = json.loads(body) if body else None
        if response.status >= 400:
            raise Problem(**{name: answer.get(name) for name in ("code", "status", "data", "outcome", "detail")})
        return answer


def problem_of(error):
    if isinstance(error, Problem):
        return error
    traceback.print_exception(error)  # what went wrong is for the log here, and for nobody else
    return Problem("SKEIN_CALL_FAILED", 500)


def serve(service, methods, port):
    """Answers calls until it is ended: `methods` has functions `(input, call)` by name; a generator is a stream."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60  # seconds that an idle connection is kept

        def do_POST(self):
            try:
                value = self.read()
                name = self.path.removeprefix(f"/{service}/")
                if name not in methods:
                    raise Problem("SKEIN_CALL_NO_ROUTE", 404)
                reply = methods[name](value, Call(self.headers, self.connection))
                if hasattr(reply, "__next__"):
                    return self.stream(reply)
                answer = (200, "application/json", json.dumps(reply).encode())
            except Exception as error:
                problem = problem_of(error)
                answer = (problem.status, "application/problem+json", json.dumps(problem.body).encode())
            status, kind, body = answer
            self.head(status, kind, ("content-length", str(len(body))))
            self.wfile.write(body)

        def read(self):
            length = int(self.headers.get("content-length", 0))
            self.close_connection = True  # until it is known that nothing unread is left on it
            given = self.headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, f"Bearer {os.environ['SKEIN_TOKEN']}".encode()) or "origin" in self.headers:
                raise Problem("SKEIN_TRANSPORT_DENIED", 401)
            if not 0 <= length <= BODY_MAX or "transfer-encoding" in self.headers:
                raise Problem("SKEIN_HTTP_BODY_TOO_LARGE", 413)
            body = self.rfile.read(length)
            self.close_connection = False
            return json.loads(body) if body else None

        def stream(self, items):
            self.head(200, "text/event-stream", ("connection", "close"))
            try:
                for item in items:
                    self.wfile.write(f"data: {json.dumps(item)}\n\n".encode())
                self.wfile.write(b"event: end\ndata: {}\n\n")
            except ConnectionError:
                items.close()  # its reader left
            except Exception as error:
                self.wfile.write(f"event: error\ndata: {json.dumps(problem_of(error).body)}\n\n".encode())

        def head(self, status, kind, more):
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header(*more)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"{service} answers on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
