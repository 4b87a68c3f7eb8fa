"""`homologue merge`: shards of a run, put together."""

from pathlib import Path
from typing import Annotated

import typer

from homologue.commands.options import Json


def merge(
    out: Annotated[Path, typer.Argument(help="Where the whole run goes.")],
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="What each shard wrote.")],
    json: Json = False,
) -> None:
    """Put the runs of shards together: OUT is as if one machine had done it all."""
    from homologue.console import print_json
    from homologue.evaluation.storage import merge as merging

    with merging.merge(out, runs) as store:
        done, sound = len(store.done()), len(store.done(failed_too=False))
    if json:
        facts = {"pairs": done, "planned": store.planned, "failed": done - sound}
        print_json({"run": str(out), **facts})
    else:
        print(f"{out}: {done} of {store.planned} pairs, {done - sound} failed")
