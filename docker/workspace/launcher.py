"""First program inside a workspace: tests the isolation, reports it, then serves JupyterLab on the socket it was
handed.

The socket was opened outside, where nothing in here can reach its path; the only way in is the gateway, which has
already checked who is asking. That is why JupyterLab asks for no token of its own, and why its cross-site token is
off: the gateway removes every cookie and checks the origin of each request itself (docs/adr/0032-gateway.md).
"""

import argparse
import json
import os
import resource
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import isolation


def main() -> None:
    options = _options()
    resource.setrlimit(resource.RLIMIT_NPROC, (options.processes, options.processes))
    with os.fdopen(options.report_fd, "w") as report:
        attempts = isolation.run(options.canaries or {})
        json.dump({"attempts": attempts}, report)
        report.write("\n")
    if any(escaped is not False for escaped in attempts.values()):
        sys.exit("the isolation self-test failed")
    if options.canaries is not None:
        return
    sys.path.pop(0)
    serve(socket.socket(fileno=options.listen_fd))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen-fd", type=int, required=True)
    parser.add_argument("--report-fd", type=int, required=True)
    parser.add_argument("--processes", type=int, required=True, help="processes and threads together, in this sandbox")
    parser.add_argument("--canaries", type=json.loads, help="what the host planted; given, only the self-test is run")
    return parser.parse_args()


def serve(listener: socket.socket) -> None:
    """Run JupyterLab on `listener` until this process is told to end."""
    from jupyter_server.serverapp import ServerApp
    from tornado.httpserver import HTTPServer
    from traitlets.config import Config

    class WorkspaceServer(ServerApp):
        """A server without downloads, conversions or a way to shut it down, bound to a socket it did not open."""

        default_services = tuple(
            one for one in ServerApp.default_services if one not in {"files", "nbconvert", "view", "shutdown"}
        )

        def load_config_file(self, *_: object, **__: object) -> None:
            """Nothing from the home: a file there must not keep the server from starting again."""

        def init_httpserver(self) -> None:
            self._http_server = HTTPServer(
                self.web_app, max_body_size=self.max_body_size, max_buffer_size=self.max_buffer_size
            )
            listener.setblocking(False)
            self.io_loop.add_callback(self._http_server.add_socket, listener)

    WorkspaceServer.launch_instance(argv=[], config=Config(_configuration()))


def _configuration() -> dict[str, dict[str, object]]:
    home = str(Path.home())
    return {
        "ServerApp": {
            "jpserver_extensions": {"jupyterlab": True, "jupyter_server_terminals": True, "jupyter_lsp": False},
            "root_dir": home,
            "default_url": "/lab/tree/bienvenue.ipynb",
            "open_browser": False,
            "allow_remote_access": True,
            "allow_origin": "",
            "disable_check_xsrf": True,
            "quit_button": False,
            "port": 0,
            "terminals_enabled": True,
            "log_level": "WARN",
        },
        "IdentityProvider": {"token": ""},
        "FileContentsManager": {"delete_to_trash": False, "always_delete_dir": True},
        "LabApp": {
            "app_settings_dir": str(Path(__file__).parent / "settings"),
            "extension_manager": "readonly",
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "news_url": None,
            "collaborative": False,
        },
    }


if __name__ == "__main__":
    main()
