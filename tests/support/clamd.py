"""A virus scanner of the tests' own: it speaks clamd's protocol on a real socket, and finds what it is told to find."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class _Handler(socketserver.StreamRequestHandler):
    """One connection: INSTREAM, chunks, then the verdict."""

    server: "Server"

    def handle(self) -> None:
        if self._word() != b"zINSTREAM":
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        received = b""
        while size := int.from_bytes(self.rfile.read(4), "big"):
            received += self.rfile.read(size)
            if len(received) > self.server.limit:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.server.scanned.append(received)
        if self.server.silent:
            return
        if EICAR in received:
            self.wfile.write(b"stream: Win.Test.EICAR_HDB-1 FOUND\0")
        else:
            self.wfile.write(self.server.answer)

    def _word(self) -> bytes:
        word = b""
        while (char := self.rfile.read(1)) not in (b"\0", b""):
            word += char
        return word


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """`limit` in bytes, as StreamMaxLength; `silent` hangs up without an answer; `scanned` is what was sent."""

    daemon_threads = True
    limit = 25 * 1024 * 1024
    silent = False
    answer = b"stream: OK\0"

    def __init__(self, path: Path) -> None:
        self.scanned: list[bytes] = []
        super().__init__(str(path), _Handler)


@contextmanager
def running(path: Path) -> Iterator[Server]:
    """The scanner, listening on a Unix socket of this path until the block ends."""
    with Server(path) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            path.unlink()
