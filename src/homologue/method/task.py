"""Arguments of the functions that fit embeddings."""

from dataclasses import dataclass

from homologue.config import FitConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.method.views import Views
from homologue.progress import Progress, silent


@dataclass(frozen=True)
class FitTask:
    """An image to fit embeddings to, and the settings of the fit.

    Attributes:
        views: views of the image.
        config: settings of the optimisation.
        seed: seed of all random numbers.
        memory: memory budget in GiB (None: half of the free memory).
        progress: called after each step.
    """

    views: Views
    config: FitConfig
    seed: int = 0
    memory: float | None = None
    progress: Progress = silent

    @property
    def model(self) -> LatentDiffusion:
        """The model that the views are encoded with."""
        return self.views.model
