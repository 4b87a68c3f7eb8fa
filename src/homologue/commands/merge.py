"""`homologue merge`: the shards of a run as one run."""

from pathlib import Path
from typing import Annotated

import typer

from homologue.commands.options import Json


def merge(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the merged run.")],
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Folder that one shard wrote.")],
    json: Json = False,
) -> None:
    """Merge the runs of shards into one run, equal to a run without shards."""
    from homologue.console import print_json
    from homologue.evaluation.storage import merge as merging

    with merging.merge(out, runs) as store:
        done, sound = len(store.done()), len(store.done(failed_too=False))
    if json:
        facts = {"pairs": done, "planned": store.planned, "failed": done - sound}
        print_json({"run": str(out), **facts})
    else:
        print(f"{out}: {done} of {store.planned} pairs, {done - sound} failed")
