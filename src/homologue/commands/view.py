"""`homologue view`: the viewer, in the browser."""

import secrets
import signal
import threading
import webbrowser
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homologue.commands.options import (
    DEFAULT_MODEL_OPTIONS,
    ModelOptions,
    OptimiseOption,
    PresetOption,
    Seed,
    SetOption,
    with_model_options,
)
from homologue.commands.values import named_preset
from homologue.errors import HomologueError
from homologue.streams import stdout_error

if TYPE_CHECKING:
    from homologue.viewer.features.runs.open_runs import OpenRuns


@with_model_options
def view(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN]...", help="To look through: what `evaluate --run` wrote."),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the runs' data lie, if not where they lay."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="A model to choose from, as in match; repeatable; builtin always is."),
    ] = None,
    preset: PresetOption = "default",
    optimise: OptimiseOption = None,
    set_: SetOption = None,
    seed: Seed = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.")] = 0,
    share: Annotated[
        bool,
        typer.Option("--share", help="Let others in, with a token: for a --host beyond loopback."),
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Name of a proxy before the viewer; repeatable."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Scheme and name in the browser, if a proxy sends another Host; repeatable.",
        ),
    ] = None,
    base_path: Annotated[
        str,
        typer.Option(metavar="PATH", help="Prefix of the path, if a proxy does not remove it."),
    ] = "",
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    loading: ModelOptions = DEFAULT_MODEL_OPTIONS,
) -> None:
    """Match points in the browser, look at their heat maps, and look through evaluation runs."""
    _check_installed()
    from homologue.viewer.proxies import (
        checked_base_path,
        checked_host,
        checked_origin,
        shown_path,
    )
    from homologue.viewer.serve import Server, address_of, is_loopback, open_socket, own_names

    if not is_loopback(host) and not share:
        raise HomologueError(
            f"Others could reach a viewer on {host}: add --share to let in who has its token, or "
            "leave --host out."
        )
    names = [checked_host(one) for one in allow_host or []]
    origins = [checked_origin(one) for one in allow_origin or []]
    base = checked_base_path(base_path)
    # Whoever reaches a proxy reaches the viewer, through an address of this machine.
    open_to_others = share or names or origins or base
    token = secrets.token_urlsafe(32) if open_to_others else None
    with open_socket(host, port) as listening:
        import torch

        from homologue.viewer.app import make_app
        from homologue.viewer.models import BUILTIN
        from homologue.viewer.security import Rules
        from homologue.viewer.sessions.scene import Settings
        from homologue.viewer.viewer import Viewer

        chosen = named_preset(preset, optimise, set_)
        runs = _open_runs(folders or [], root)

        # One core is left for the page: it is to answer while the model works.
        torch.set_num_threads(max(1, torch.get_num_threads() - 1))
        models = model or [BUILTIN]
        settings = Settings(models[0], chosen.name, optimise, seed)
        viewer = Viewer(loading.load, models, settings, runs=runs)
        rules = Rules(own_names(host), token, names, origins, base)
        app = make_app(viewer, rules)
        screen = "#/runs/-/" if folders else ""
        address = address_of(listening, host, token, shown_path(base)) + screen
        print(f"The viewer is at {address} (Ctrl-C ends it)", flush=True)
        if rules.proxied:
            print(_behind_proxy(names, origins, base, f"?token={token}{screen}"), flush=True)
        if stdout_error():
            raise typer.Exit(2)  # nobody could open it
        if browser:
            threading.Timer(0.3, webbrowser.open, [address]).start()
        # Uvicorn ends on an interrupt, and passes it on to this handler when it has.
        signal.signal(signal.SIGINT, lambda number, frame: None)
        Server(app, viewer.controller.close).run(sockets=[listening])


def _behind_proxy(names: list[str], origins: list[str], base: str, ending: str) -> str:
    """Where the viewer is for a browser on the other side of the proxy, as far as that is known."""
    from homologue.viewer.proxies import shown_path

    places = origins or [f"https://{name}" for name in names]
    if base and places:
        return f"Behind the proxy it is at {places[0]}{shown_path(base)}/{ending}"
    return f"Behind the proxy, put {ending} at the end of the address that ends in a slash"


def _open_runs(folders: list[Path], root: Path | None) -> "OpenRuns":
    """Runs can be looked through without their data, unless somebody says where these lie."""
    from homologue.console import print_note
    from homologue.viewer.features.runs.open_runs import OpenRuns

    if root is not None and not folders:
        raise HomologueError("--root is where the data of runs lie: give a RUN, or leave it out.")
    runs = OpenRuns(folders, root)
    for one in runs.all:
        try:
            one.data.check()
        except HomologueError as error:
            if root is not None:
                raise
            print_note(f"The pictures of the run {one.run.name} cannot be shown: {error}")
    return runs


def _check_installed() -> None:
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise HomologueError(
            f"The viewer needs {' and '.join(missing)}: pip install 'homologue[viewer]'."
        )
