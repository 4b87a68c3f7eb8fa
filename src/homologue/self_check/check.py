"""The check from end to end: what it does, in which order, and what it leaves out."""

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
from homologue.self_check import judging
from homologue.self_check.attention_maps import LayerFacts, Probe, layer_facts
from homologue.self_check.correspondence import MappedPoints, TimedFits, counts, overall, shares
from homologue.self_check.denoising import (
    Denoising,
    LatentFacts,
    empty_context,
    first_not_finite,
    latent_facts,
    latents_of,
    measure_denoising,
)
from homologue.self_check.pictures import Subject, given_subjects, sample_subjects
from homologue.self_check.precision import (
    MAPS,
    Agreement,
    measure_agreement,
    no_agreement_because,
)
from homologue.self_check.resources import peak_memory, start_counting
from homologue.self_check.results import (
    CheckReport,
    Finding,
    MapShares,
    VariedRow,
    sorted_findings,
)
from homologue.self_check.varying import varied_presets
from homologue.self_check.weights import (
    RandomLooking,
    matrices_looking_random,
    not_finite,
    not_finite_finding,
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
    """Tells whether a model is sound on this machine. Needs no annotation.

    Points of pictures are fitted once and sought in the same pictures turned, scaled, shifted,
    recoloured and mirrored by known maps. Besides, weights, latents, the prediction of the noise
    and the attention maps are compared with what any text-to-image diffusion model must do, and
    half precision with float32. See docs/check.md.

    Args:
        images: one or several, as for `fit`; their points are chosen automatically. None takes
            drawings that come with the package, with annotated points.
        preset: settings of `fit` and `locate` that points are found with.
        strategy: in place of the preset's.
        vary: settings to compare on the same points, such as `fit.timestep=40,140,261`; of
            several, all combinations.
        seed: same seed, same points.
        memory: GiB that may be used at once, None for half of what is free.
        progress: called as work goes on.

    Raises:
        HomologueError: an image or a setting cannot be used. What is wrong with the model is no
            error but a finding of the report.
    """
    check_budget(memory)
    settings = get_preset(preset, strategy)
    varied = varied_presets(settings, list(vary))
    model.layers(settings.fit.layers)
    for _, one in varied:
        model.layers(one.fit.layers)
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
    """The state of a check: measurements and findings so far."""

    model: LatentDiffusion
    subjects: Sequence[Subject]
    own: bool
    preset: Preset
    matching: TimedFits
    findings: list[Finding] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    looks: dict[str, RandomLooking] = field(default_factory=dict)
    latents: LatentFacts | None = None
    denoising: Denoising | None = None
    layers: dict[str, LayerFacts] = field(default_factory=dict)
    maps: list[MapShares] = field(default_factory=list)
    overall: MapShares | None = None
    agreement: Agreement | None = None
    no_agreement: str | None = None

    def run(self) -> None:
        """All parts but the comparison of settings."""
        self._part("weights", self._check_weights)
        if self.weights:
            self.not_run += ["noise prediction", "attention", "known maps", "float32"]
            self.no_agreement = "the model's weights are not finite"
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
        """A row for each combination of settings; one that fails does not stop the others."""
        if self.weights:
            return []
        return [self._row(text, preset) for text, preset in varied]

    def report(self, rows: Sequence[VariedRow]) -> CheckReport:
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
            numbers=judging.numbers_of(
                self.weights, self.looks, self.latents, self.denoising, self.layers,
                self.agreement, self.no_agreement,
            ),
            facts=facts,
            seconds=self.seconds,
            peak_memory=peak_memory(self.model.device),
            pictures=tuple((one.name, len(one.points)) for one in self.subjects),
            varied=tuple(rows),
            not_run=tuple(self.not_run),
        )  # fmt: skip

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = time.perf_counter() - start

    def _part(self, name: str, work: Callable[[], T]) -> T | None:
        """What `work` returns; None, and a finding, where it fails or makes NaN or infinities.

        An error of PyTorch, such as full memory, is a result of the check, too.
        """
        start = time.perf_counter()
        try:
            return work()
        except NotFiniteError as error:
            where = first_not_finite(self.model, lambda: _quietly(work))
            self.findings.append(judging.not_finite_values(self.model, error, where))
        except (HomologueError, RuntimeError) as error:
            self.findings.append(judging.failure(name, error))
        finally:
            self.seconds[name] = time.perf_counter() - start
        self.not_run.append(name)
        return None

    def _check_weights(self) -> None:
        self.weights = not_finite(self.model)
        if self.weights:
            self.findings.append(not_finite_finding(self.model, self.weights))
            return
        looks = matrices_looking_random(self.model.unet)
        unet, parts = together(looks), suspicious_parts(looks)
        self.looks = {"unet": unet, **parts}
        self.findings += judging.judge_weights(unet, parts)

    def _check_denoising(self) -> list[Tensor]:
        """The latents of the drawings, or of the user's pictures if these suit the model better."""
        latents = self._measure_denoising(sample_subjects() if self.own else self.subjects)
        found = self._judge_denoising()
        if found and self.own:
            before = self.latents, self.denoising
            own = self._measure_denoising(self.subjects)
            if self._judge_denoising():
                self.latents, self.denoising = before
            else:
                latents, found = own, []
        self.findings += found
        return latents

    def _measure_denoising(self, subjects: Sequence[Subject]) -> list[Tensor]:
        latents = latents_of(self.model, [one.image for one in subjects])
        dtype = self.model.dtype
        check_finite(latents[0], "the latents", dtype)
        noisy = self.model.add_noise(latents[0], latents[0], self.preset.fit.timestep)
        predicted = self.model.predict(noisy, self.preset.fit.timestep, empty_context(self.model))
        check_finite(predicted, "the UNet's predictions", dtype)
        self.latents = latent_facts(latents)
        self.denoising = measure_denoising(self.model, latents, self.matching.progress)
        return latents

    def _judge_denoising(self) -> list[Finding]:
        assert self.latents and self.denoising
        return judging.judge_denoising(self.model, self.latents, self.denoising, self.looks["unet"])

    def _check_attention(self, latents: Sequence[Tensor]) -> None:
        probe = Probe.of(self.model, latents, self.preset.fit.timestep)
        self.layers = layer_facts(self.model, probe, self.preset.fit)
        self.findings += judging.judge_attention(self.model, self.layers)

    def _check_maps(self) -> list[MappedPoints]:
        found = self.matching.find(self.subjects, self.preset)
        self.maps, self.overall = shares(found), overall(found)
        self.findings += judging.judge_maps(self.overall, self.maps[0])
        return found

    def _check_float32(
        self, latents: Sequence[Tensor] | None, found: Sequence[MappedPoints] | None
    ) -> None:
        self.no_agreement = no_agreement_because(self.model)
        if self.no_agreement is not None:
            return
        if not latents or not found:
            self.no_agreement = "there are no finite values to compare"
            return
        first = [one for one in found[: len(found) // len(self.subjects)] if one.map in MAPS]
        self.agreement = measure_agreement(
            self.model, latents, self.subjects[0], self.preset, first,
            self.matching.seed, self.matching.memory,
        )  # fmt: skip
        self.findings += judging.judge_agreement(self.model, self.agreement)

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
    """Runs `work` once more, to watch it."""
    with suppress(NotFiniteError):
        work()
