"""The built-in model for smaller images, for tests of what surrounds a model."""

import json
import shutil
from pathlib import Path

from homologue.diffusion.loading import sources

BUILTIN = sources.BUILTIN
"""The folder of the built-in model."""


def small_builtin(folder: Path, latent_side: int = 8) -> Path:
    """Copy the built-in model and change the side of its latents, by default for 128 x 128 pixels.

    Weights, words, layers and scheduler are the same. A view takes about a sixth of the time;
    points are less accurate.
    """
    shutil.copytree(BUILTIN, folder)
    path = folder / "unet" / "config.json"
    config = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(config | {"sample_size": latent_side}), "utf-8")
    return folder
