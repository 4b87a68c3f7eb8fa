"""Vision backbones on the Hugging Face Hub, from its local cache or the network."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from homologue.diffusion.loading.folder import TEXT_STEM, find_weights, weight_patterns
from homologue.diffusion.loading.hub import AbsentError, Repository
from homologue.diffusion.loading.unsupported import other_format
from homologue.diffusion.loading.weights import PICKLES
from homologue.errors import HomologueError
from homologue.vision.preprocessing import FILES


@dataclass(frozen=True)
class BackboneRepository(Repository):
    """A repository of the Hub with a vision backbone, in the layout of transformers."""

    def fetch_configs(self) -> Path:
        """Return a local folder with the configuration, downloaded if necessary.

        Raises:
            HomologueError: the repository cannot be downloaded.
        """
        cached = self._cached()
        if cached is not None and _has_configs(cached):
            return cached
        folder = self._download(["config.json", *FILES])
        if not _has_configs(folder):
            self._names()  # A download from an unreachable hub finds no files; this raises.
        return folder

    def fetch_weights(self) -> Path:
        """Return a local folder with the weights, downloaded if necessary.

        Raises:
            HomologueError: the weights cannot be downloaded, or are not safetensors files.
        """
        cached = self._cached()
        if cached is not None and find_weights(cached, None, TEXT_STEM):
            return cached
        try:
            folder = self._download(list(weight_patterns(None, TEXT_STEM)))
            if not find_weights(folder, None, TEXT_STEM):
                raise no_weights(self.name, self._names())
        except AbsentError:
            names = [] if cached is None else [file.name for file in cached.iterdir()]
            if any(name.endswith(PICKLES) for name in names):
                raise no_weights(self.name, names) from None
            raise
        return folder

    def _absent(self) -> HomologueError:
        reason = "local_files_only is set" if self.local_files_only else "the Hub cannot be reached"
        return AbsentError(
            f"{self.name} is not a local folder and not (completely) in the Hub's local cache, and"
            f" {reason}; run once with a network or `hf download {self.name} --include '*.json'"
            " --include '*.safetensors'`, or give a local folder."
        )


def _has_configs(folder: Path) -> bool:
    has_preprocessing = any((folder / name).is_file() for name in FILES)
    return has_preprocessing and (folder / "config.json").is_file()


def no_weights(name: str, files: Collection[str]) -> HomologueError:
    """Return the error for a backbone without weights in safetensors files.

    Args:
        files: names of the files in its folder or repository.
    """
    if any(file.endswith(PICKLES) for file in files):
        return HomologueError(
            f"{name} has its weights only as pickle files, which can run code and are never loaded;"
            " choose a backbone with .safetensors files, or, if you trust it, convert it with"
            " `AutoModel.from_pretrained(...).save_pretrained(FOLDER)` of transformers."
        )
    unread = other_format(files)
    if unread is not None:
        return HomologueError(
            f"{name} has weights only in an unsupported format, {unread}; choose a backbone with"
            " .safetensors files."
        )
    return HomologueError(f"{name} has no weights; download its {TEXT_STEM}.safetensors.")
