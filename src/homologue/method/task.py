"""What travels together through the optimisation of embeddings."""

from dataclasses import dataclass

from homologue.config import FitConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.method.views import Views
from homologue.progress import Progress, silent


@dataclass(frozen=True)
class FitTask:
    """One image to fit embeddings on, and how to do it.

    Attributes:
        model: the diffusion model.
        views: views of the image.
        config: settings of the optimisation.
        seed: seed of every random draw.
        memory: memory budget in GiB (None: half of the free memory).
        progress: called after each step.
    """

    model: LatentDiffusion
    views: Views
    config: FitConfig
    seed: int = 0
    memory: float | None = None
    progress: Progress = silent
