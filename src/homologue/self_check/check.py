"""The check from end to end: its parts, their order, and which are skipped after a failure."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from torch import Tensor

from homologue.config import Strategy
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError, NotFiniteError, check_finite
from homologue.images import ImageLike, RGBImage
from homologue.information import environment, model_facts
from homologue.memory import check_budget
from homologue.presets import Preset, get_preset
from homologue.progress import Progress, silent
from homologue.renamed import renamed_arguments
from homologue.self_check import findings
from homologue.self_check.attention_maps import Probe, layer_facts
from homologue.self_check.correspondence import MappedPoints, TimedFits, counts, overall, shares
from homologue.self_check.denoising import (
    empty_context,
    first_not_finite,
    latent_facts,
    latents_of,
    measure_denoising,
)
from homologue.self_check.denoising_findings import judge_denoising
from homologue.self_check.measurements import Measurements
from homologue.self_check.pictures import Subject, given_subjects, sample_subjects
from homologue.self_check.precision import (
    MAPS,
    measure_agreement,
    reason_not_to_compare,
)
from homologue.self_check.report import CheckReport
from homologue.self_check.resources import peak_memory, start_counting
from homologue.self_check.results import (
    Finding,
    MapShares,
    VariedRow,
    sorted_findings,
)
from homologue.self_check.varying import varied_presets
from homologue.self_check.weights import (
    matrices_looking_random,
    not_finite,
    suspicious_parts,
    together,
)


@renamed_arguments
def check(
    model: LatentDiffusion,
    images: ImageLike | RGBImage | Sequence[ImageLike | RGBImage] | None = None,
    *,
    preset: str | Preset = "default",
    strategy: Strategy | str | None = None,
    vary: Sequence[str] = (),
    seed: int = 0,
    memory: float | None = None,
    progress: Progress = silent,
) -> CheckReport:
    """Check whether a model works on this machine. Needs no annotation.

    Points are fitted once per image and located in the same image after known maps: rotation,
    scaling, translation, recolouring and mirroring. In addition, the weights, the latents, the
    noise prediction and the attention maps are compared with properties of every text-to-image
    diffusion model, and half precision with float32. See docs/check.md.

    Args:
        model: model to check.
        images: one or several images, as for `fit`; their points are chosen automatically. None
            for drawings of the package with annotated points.
        preset: settings of `fit` and `locate`.
        strategy: strategy of `fit`; default the preset's.
        vary: settings to compare on the same points, such as `fit.timestep=40,140,261`; of
            several, all combinations.
        seed: random seed; the same seed gives the same points.
        memory: memory budget in GiB; default half of the free memory.
        progress: callback, see `homologue.progress`.

    Returns:
        The report. Faults of the model are findings of the report, not errors.

    Raises:
        HomologueError: an image or a setting is invalid.
    """
    check_budget(memory)
    settings = get_preset(preset, strategy)
    varied = varied_presets(settings, list(vary))
    model.layers(settings.fit.layers)
    for _, variation in varied:
        model.layers(variation.fit.layers)
    subjects = sample_subjects() if images is None else given_subjects(images)
    matching = TimedFits(model, seed, memory, progress)
    work = _Check(model, subjects, images is not None, settings, matching)
    start_counting(model.device)
    with work.timed("total"):
        work.run()
        rows = work.compare(varied)
    return work.report(rows)


T = TypeVar("T")


@dataclass(eq=False)
class _Check:
    """The state of a check: measurements and findings so far.

    Attributes:
        own: whether the subjects are the user's images.
    """

    model: LatentDiffusion
    subjects: Sequence[Subject]
    own: bool
    preset: Preset
    matching: TimedFits
    findings: list[Finding] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    measured: Measurements = field(default_factory=Measurements)
    maps: list[MapShares] = field(default_factory=list)
    overall: MapShares | None = None

    def run(self) -> None:
        """Run all parts except the comparison of settings."""
        self._part("weights", self._check_weights)
        if self.measured.not_finite:
            self.not_run += ["noise prediction", "attention", "known maps", "float32"]
            self.measured.not_compared = "the model's weights are not finite"
            return
        latents = self._part("noise prediction", self._check_denoising)
        if latents:
            self._part("attention", lambda: self._check_attention(latents))
        else:
            self.not_run.append("attention")
        found = self._part("known maps", self._check_maps)
        del self.seconds["known maps"]
        self.seconds |= self.matching.seconds
        self._part("float32", lambda: self._check_float32(latents, found))

    def compare(self, varied: Sequence[tuple[str, Preset]]) -> list[VariedRow]:
        """Return a row for each combination of settings; errors become part of their rows."""
        if self.measured.not_finite:
            return []
        return [self._row(text, preset) for text, preset in varied]

    def report(self, rows: Sequence[VariedRow]) -> CheckReport:
        """Make the report."""
        where = environment()
        facts = {
            "preset": self.preset.name,
            "optimise": self.preset.fit.strategy,
            "strategy": self.preset.fit.strategy,
            "seed": self.matching.seed,
            "model": model_facts(self.model),
            "device": where["device"],
            "versions": where["versions"],
        }
        return CheckReport(
            findings=sorted_findings(self.findings),
            maps=tuple(self.maps),
            overall=self.overall,
            numbers=self.measured.to_dict(),
            facts=facts,
            seconds=self.seconds,
            peak_memory=peak_memory(self.model.device),
            pictures=tuple((subject.name, len(subject.points)) for subject in self.subjects),
            varied=tuple(rows),
            not_run=tuple(self.not_run),
        )

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Record the duration of a part."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = time.perf_counter() - start

    def _part(self, name: str, work: Callable[[], T]) -> T | None:
        """Return the result of `work`; None if it raises an error, which becomes a finding.

        Errors of PyTorch, such as full memory, become findings, too.
        """
        start = time.perf_counter()
        try:
            return work()
        except NotFiniteError as error:
            where = first_not_finite(self.model, lambda: _quietly(work))
            self.findings.append(findings.not_finite_values(self.model, error, where))
        except (HomologueError, RuntimeError) as error:
            self.findings.append(findings.failure(name, error))
        finally:
            self.seconds[name] = time.perf_counter() - start
        self.not_run.append(name)
        return None

    def _check_weights(self) -> None:
        counts = self.measured.not_finite = not_finite(self.model)
        if counts:
            self.findings.append(findings.not_finite_finding(self.model, counts))
            return
        looks = matrices_looking_random(self.model.unet)
        unet, parts = together(looks), suspicious_parts(looks)
        self.measured.random_looking = {"unet": unet, **parts}
        self.findings += findings.judge_weights(unet, parts)

    def _check_denoising(self) -> list[Tensor]:
        """Return the latents of the drawings, or of the user's images if only these pass."""
        latents = self._measure_denoising(sample_subjects() if self.own else self.subjects)
        found = self._judge_denoising()
        if found and self.own:
            before = self.measured.latents, self.measured.denoising
            own = self._measure_denoising(self.subjects)
            if self._judge_denoising():
                self.measured.latents, self.measured.denoising = before
            else:
                latents, found = own, []
        self.findings += found
        return latents

    def _measure_denoising(self, subjects: Sequence[Subject]) -> list[Tensor]:
        latents = latents_of(self.model, [subject.image for subject in subjects])
        dtype = self.model.dtype
        check_finite(latents[0], "the latents", dtype)
        noisy = self.model.add_noise(latents[0], latents[0], self.preset.fit.timestep)
        predicted = self.model.predict(noisy, self.preset.fit.timestep, empty_context(self.model))
        check_finite(predicted, "the UNet's predictions", dtype)
        self.measured.latents = latent_facts(latents)
        self.measured.denoising = measure_denoising(self.model, latents, self.matching.progress)
        return latents

    def _judge_denoising(self) -> list[Finding]:
        measured = self.measured
        assert measured.latents and measured.denoising
        looks = measured.random_looking["unet"]
        return judge_denoising(self.model, measured.latents, measured.denoising, looks)

    def _check_attention(self, latents: Sequence[Tensor]) -> None:
        probe = Probe.of(self.model, latents, self.preset.fit.timestep)
        self.measured.layers = layer_facts(self.model, probe, self.preset.fit)
        self.findings += findings.judge_attention(self.model, self.measured.layers)

    def _check_maps(self) -> list[MappedPoints]:
        found = self.matching.find(self.subjects, self.preset)
        self.maps, self.overall = shares(found), overall(found)
        self.findings += findings.judge_maps(self.overall, self.maps[0])
        return found

    def _check_float32(
        self, latents: Sequence[Tensor] | None, found: Sequence[MappedPoints] | None
    ) -> None:
        self.measured.not_compared = reason_not_to_compare(self.model)
        if self.measured.not_compared is not None:
            return
        if not latents or not found:
            self.measured.not_compared = "there are no finite values to compare"
            return
        first = [one for one in found[: len(found) // len(self.subjects)] if one.map in MAPS]
        agreement = measure_agreement(self.matching, latents, self.subjects[0], self.preset, first)
        self.measured.agreement = agreement
        self.findings += findings.judge_agreement(self.model, agreement)

    def _row(self, text: str, preset: Preset) -> VariedRow:
        before = dict(self.matching.seconds)
        try:
            found = self.matching.find(self.subjects, preset)
        except (HomologueError, RuntimeError) as error:
            return VariedRow(text, 0, None, None, 0.0, str(error))
        total = overall([one for one in found if counts(one.map)])
        seconds = sum(self.matching.seconds[part] - before[part] for part in before)
        return VariedRow(text, total.points, total.within_005, total.within_01, seconds)


def _quietly(work: Callable[[], object]) -> None:
    """Run `work` and ignore values that are not finite."""
    with suppress(NotFiniteError):
        work()
