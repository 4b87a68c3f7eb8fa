"""`homologue view`: the viewer in the browser."""

import secrets
import signal
import threading
import webbrowser
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from homologue.commands.model_options import LoadOptions
from homologue.commands.option_groups import with_option_groups
from homologue.commands.options import FLAG, DataRoot, MethodOptions
from homologue.errors import HomologueError
from homologue.streams import stdout_error

if TYPE_CHECKING:
    from homologue.viewer.features.runs.open_runs import OpenRuns
    from homologue.viewer.security import Rules


@dataclass(frozen=True)
class ServerOptions:
    """Where the viewer listens, and who may reach it."""

    panel: ClassVar[str] = "Server"

    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = (
        "127.0.0.1"
    )
    port: Annotated[
        int, typer.Option(metavar="N", help="Port to listen on; 0 for any free port.")
    ] = 0
    share: Annotated[
        bool,
        typer.Option(
            "--share",
            metavar=FLAG,
            help="Allow access from other machines, with a token; needed for a --host that is not "
            "loopback.",
        ),
    ] = False
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Host name of a reverse proxy; repeatable."),
    ] = None
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Origin in the browser, for a proxy that sends another Host; repeatable.",
        ),
    ] = None
    base_path: Annotated[
        str,
        typer.Option(metavar="PATH", help="URL prefix, for a proxy that does not remove it."),
    ] = ""
    browser: Annotated[
        bool, typer.Option(metavar=FLAG, help="Open the viewer in the default browser.")
    ] = True

    def rules(self) -> "Rules":
        """Return the rules of access; a viewer that others can reach has a token.

        Raises:
            HomologueError: an address is invalid, or the host is not loopback and `--share` is
                missing.
        """
        from homologue.viewer.proxies import checked_base_path, checked_host, checked_origin
        from homologue.viewer.security import Rules
        from homologue.viewer.serve import is_loopback, own_names

        if not is_loopback(self.host) and not self.share:
            raise HomologueError(
                f"A viewer on {self.host} can be reached from other machines: add --share to allow "
                "access with a token, or leave out --host."
            )
        names = [checked_host(name) for name in self.allow_host or []]
        origins = [checked_origin(origin) for origin in self.allow_origin or []]
        base = checked_base_path(self.base_path)
        # A proxy reaches the viewer through loopback, whoever uses the proxy.
        reachable = self.share or names or origins or base
        token = secrets.token_urlsafe(32) if reachable else None
        return Rules(own_names(self.host), token, names, origins, base)


@with_option_groups
def view(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RUN", help="Folder that `homologue evaluate --run` wrote, to browse its pairs."
        ),
    ] = None,
    *,
    root: DataRoot = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="Model that the page offers; repeatable. builtin is always offered.",
            rich_help_panel=LoadOptions.panel,
        ),
    ] = None,
    loading: LoadOptions,
    method: MethodOptions,
    server: ServerOptions,
) -> None:
    """Start the web viewer: match points, inspect heat maps and words, browse runs."""
    _check_installed()
    rules = server.rules()
    from homologue.viewer.proxies import shown_path
    from homologue.viewer.serve import Server, address_of, open_socket

    with open_socket(server.host, server.port) as listening:
        import torch

        from homologue.viewer.app import make_app
        from homologue.viewer.models import BUILTIN
        from homologue.viewer.sessions.scene import Settings
        from homologue.viewer.viewer import Viewer

        preset = method.resolve()
        runs = _open_runs(folders or [], root)

        # Leave one core to the server, which answers while the model computes.
        torch.set_num_threads(max(1, torch.get_num_threads() - 1))
        models = model or [BUILTIN]
        settings = Settings(models[0], preset.name, method.strategy, method.seed)
        viewer = Viewer(loading.load, models, settings, runs=runs)
        app = make_app(viewer, rules)
        fragment = "#/runs/-/" if folders else ""
        base = shown_path(rules.base_path)
        address = address_of(listening, server.host, rules.token, base) + fragment
        print(f"The viewer is at {address} (Ctrl-C ends it)", flush=True)
        if rules.proxied:
            proxy = list(rules.proxy_hosts), list(rules.origins), rules.base_path
            print(_behind_proxy(*proxy, f"?token={rules.token}{fragment}"), flush=True)
        if stdout_error():
            raise typer.Exit(2)  # the address could not be printed
        if server.browser:
            threading.Timer(0.3, webbrowser.open, [address]).start()
        # Uvicorn shuts down on an interrupt and then calls this handler.
        signal.signal(signal.SIGINT, lambda number, frame: None)
        Server(app, viewer.controller.close).run(sockets=[listening])


def _behind_proxy(names: list[str], origins: list[str], base: str, ending: str) -> str:
    """Return a line with the address behind the proxy, or with what to append to that address."""
    from homologue.viewer.proxies import shown_path

    known = origins or [f"https://{name}" for name in names]
    if base and known:
        return f"Behind the proxy it is at {known[0]}{shown_path(base)}/{ending}"
    return f"Behind the proxy, append {ending} to the address, which ends with a slash"


def _open_runs(folders: list[Path], root: Path | None) -> "OpenRuns":
    """Open runs. Without `--root`, runs whose data are missing are shown without images."""
    from homologue.console import print_note
    from homologue.viewer.features.runs.open_runs import OpenRuns

    if root is not None and not folders:
        raise HomologueError("--root is the data folder of runs: give a RUN or leave out --root.")
    runs = OpenRuns(folders, root)
    for opened in runs.all:
        try:
            opened.data.check()
        except HomologueError as error:
            if root is not None:
                raise
            print_note(f"The images of the run {opened.run.name} cannot be shown: {error}")
    return runs


def _check_installed() -> None:
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise HomologueError(
            f"The viewer needs {' and '.join(missing)}; "
            "install with `pip install 'homologue[viewer]'`."
        )
