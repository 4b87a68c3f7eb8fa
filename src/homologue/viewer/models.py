"""The models that a viewer may use; loaded when they are first needed, by the worker."""

from collections.abc import Callable, Sequence

from homologue.diffusion.model import LatentDiffusion
from homologue.errors import dtype_name
from homologue.progress import Progress

BUILTIN = "builtin"


class Models:
    """Keeps the built-in model and the one other that was used last: others are gigabytes each."""

    def __init__(self, names: Sequence[str], load: Callable[[str], LatentDiffusion]) -> None:
        """`names`: that may be chosen, the first first; the built-in model always may."""
        self.names = tuple(dict.fromkeys([*names, BUILTIN]))
        self._load = load
        self._loaded: dict[str, LatentDiffusion] = {}

    def get(self, name: str, progress: Progress) -> LatentDiffusion:
        """In the worker's thread only."""
        if name not in self._loaded:
            progress("load", 0, 1)
            self._loaded = {
                kept: model
                for kept, model in self._loaded.items()
                if kept == BUILTIN or name == BUILTIN
            }
            self._loaded[name] = self._load(name)
            progress("load", 1, 1)
        return self._loaded[name]

    def dtype(self, name: str) -> str | None:
        """Precision of a model; None until it is loaded."""
        model = self._loaded.get(name)
        return dtype_name(model.dtype) if model else None
