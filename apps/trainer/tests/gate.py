"""What may stand between a trainer and the server: a gate that passes requests on, and can be told to behave as proxies and networks do."""

import http.client
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Dict, List, Optional, Tuple
from urllib.parse import urlsplit

Reply = Tuple[int, Dict[str, str], bytes]
Rule = Callable[["Seen"], Optional[Reply]]


class Seen:
    """A request as it came."""

    def __init__(self, method: str, path: str, headers: Dict[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body


class Gate:
    """Listens on a port of its own. `rules` are asked first, in order: the first that answers does so in the server's place.
    `lose` answers are thrown away after the server has given them."""

    def __init__(self, behind: str, certificate: Optional[str] = None) -> None:
        self.seen: List[Seen] = []
        self.rules: List[Rule] = []
        self.lose = 0
        gate = self
        target = urlsplit(behind)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Tests are quiet."""

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                seen = Seen(self.command, self.path, {key.lower(): value for key, value in self.headers.items()}, body)
                gate.seen.append(seen)
                reply = next((answer for answer in (rule(seen) for rule in gate.rules) if answer is not None), None) or self._ask(seen)
                if seen.method == "POST" and gate.lose > 0 and reply[0] == 202:
                    gate.lose -= 1
                    self.close_connection = True
                    return
                status, headers, content = reply
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _ask(self, seen: Seen) -> Reply:
                connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=60)
                try:
                    kept = {key: value for key, value in seen.headers.items() if key in ("content-type", "accept")}
                    connection.request(seen.method, seen.path, seen.body or None, kept)
                    answer = connection.getresponse()
                    return answer.status, {"content-type": answer.getheader("content-type") or "application/json"}, answer.read()
                except OSError:
                    return 502, {}, b""
                finally:
                    connection.close()

            do_GET = do_POST = _pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: object, client_address: object) -> None:
                """Clients that go away are no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def posts(self) -> List[Seen]:
        return [seen for seen in self.seen if seen.method == "POST"]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def times(count: int, reply: Reply) -> Rule:
    """Answers the next `count` posts in the server's place."""
    left = [count]

    def rule(seen: Seen) -> Optional[Reply]:
        if seen.method != "POST" or left[0] <= 0:
            return None
        left[0] -= 1
        return reply

    return rule
