"""The models of a viewer, loaded by the worker on first use."""

from collections.abc import Callable, Sequence

from homologue.diffusion.model import LatentDiffusion
from homologue.errors import dtype_name
from homologue.progress import Progress

BUILTIN = "builtin"


class Models:
    """Loads models and holds at most two: the built-in model and the last other one.

    Other models take gigabytes each.
    """

    def __init__(self, names: Sequence[str], load: Callable[[str], LatentDiffusion]) -> None:
        """
        Args:
            names: models to choose from, the default first; the built-in model is always added.
            load: loads a model by name.
        """
        self.names = tuple(dict.fromkeys([*names, BUILTIN]))
        self._load = load
        self._loaded: dict[str, LatentDiffusion] = {}

    def get(self, name: str, progress: Progress) -> LatentDiffusion:
        """Return a model, loading it if necessary; call this in the worker's thread only."""
        if name not in self._loaded:
            progress("load", 0, 1)
            self._loaded = {
                loaded: model
                for loaded, model in self._loaded.items()
                if loaded == BUILTIN or name == BUILTIN
            }
            self._loaded[name] = self._load(name)
            progress("load", 1, 1)
        return self._loaded[name]

    def dtype(self, name: str) -> str | None:
        """Return the precision of a model, or None if it is not loaded."""
        model = self._loaded.get(name)
        return dtype_name(model.dtype) if model else None
