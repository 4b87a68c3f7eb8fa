"""Options of the matchers, and which of them have an effect on which matcher."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from homologue.errors import HomologueError

# torch takes seconds to import.
if TYPE_CHECKING:
    from homologue.commands.options import FitOptions
    from homologue.presets import Preset


@dataclass(frozen=True)
class MatcherOptions:
    """How the matchers find counterparts and score them."""

    panel: ClassVar[str] = "Matcher"

    with_: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="NAME,NAME,...",
            help="Members of the matcher fused (default: attention,features+latents).",
        ),
    ] = None
    backbone: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="Backbone of the matcher vision: a Hugging Face Hub id or a folder (default: the "
            "preset's, facebook/dinov2-base).",
        ),
    ] = None
    features: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Published settings of the matcher features: cleandift, dift-sd15, dift-sd21 or "
            "sd15-multi (docs/settings.md).",
        ),
    ] = None
    scores: Annotated[
        str,
        typer.Option(
            metavar="peak|probability",
            help="peak: how single the peak of the heat map is, for the matcher attention. "
            "probability: that the point is right, for matchers with a calibration "
            "(docs/confidence.md).",
        ),
    ] = "peak"

    def probability(self) -> bool:
        """Return whether scores are probabilities.

        Raises:
            HomologueError: `--scores` is neither `peak` nor `probability`.
        """
        if self.scores not in ("peak", "probability"):
            raise HomologueError(f"--scores must be peak or probability, not {self.scores!r}.")
        return self.scores == "probability"

    def applied(self, method: "FitOptions", matchers: Sequence[str]) -> "Preset":
        """Return the preset of the method with the options of the matchers and the prompt.

        Args:
            matchers: names of the matchers that will read it.

        Raises:
            HomologueError: an option or a setting is invalid, has no effect on the matchers, or is
                given twice.
        """
        from homologue.feature_presets import with_features
        from homologue.matchers.registry import sections_read
        from homologue.presets import with_settings

        self.probability()
        settings = method.set_ or []
        if self.with_ is not None and "fused" not in matchers:
            raise HomologueError("--with names the members of fused: add --matcher fused.")
        preset = method.preset_without_prompt()
        if self.features is not None:
            own = [text for text in settings if text.strip().startswith("features.")]
            preset = with_settings(with_features(preset, self.features), own)
        given = {
            "--with": ("fused.members", self.with_),
            "--backbone": ("vision.backbone", self.backbone),
        }
        for option, (name, value) in given.items():
            if value is None:
                continue
            if any(setting.partition("=")[0].strip() == name for setting in settings):
                raise HomologueError(f"{option} and --set {name} are the same: give one of them.")
            preset = with_settings(preset, [f"{name}={value}"])
        read = set().union(*(sections_read(matcher, preset) for matcher in matchers))
        if self.backbone is not None and "vision" not in read:
            raise HomologueError("--backbone is read by the matcher vision: add --matcher vision.")
        if self.features is not None and "features" not in read:
            raise HomologueError(
                "--features has the settings of the matcher features: add --matcher features."
            )
        for setting in settings:
            _check_effect(setting, read)
        return method.with_prompt(preset, sorted(read & {"fit", "features"}))


def _check_effect(setting: str, read: Collection[str]) -> None:
    """Raise HomologueError if no matcher reads a setting.

    Args:
        read: the parts of the preset that are read.
    """
    from homologue.matchers.registry import SECTIONS_READ

    section = setting.partition(".")[0].strip()
    if section not in read:
        readers = [one for one, sections in SECTIONS_READ.items() if section in sections]
        needed = " or ".join(readers or ["fused"])
        raise HomologueError(
            f"--set {setting} changes the matcher {needed} only: add --matcher {needed} or leave "
            "out --set."
        )
