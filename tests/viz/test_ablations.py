"""Pictures of ablations: what they show is what the scores are."""

from pathlib import Path

import numpy as np
import pytest
from helpers.ablation_run import LAYER, OWN, made_up
from PIL import Image

from homologue.evaluation.ablate import Ablation, ablate
from homologue.viz.ablations import draw_study, save_ablations


@pytest.fixture(scope="module")
def ablation() -> Ablation:
    return ablate(*made_up())


@pytest.mark.parametrize("study", ["embeddings", "crops"])
def test_curves_go_through_the_scores(ablation: Ablation, study: str) -> None:
    panels = draw_study(ablation, study).axes
    for panel, average in zip(panels, ("per_point", "per_image"), strict=True):
        assert panel.get_title() == average.replace("_", " ")
        assert len(panel.lines) == 6
        lines = {str(line.get_label()): line for line in panel.lines}
        own = lines["log-mean, window 0.05 (the run)"]
        expected = [100 * ablation.scores[one].pck[average][0] for one in ablation.studies[study]]
        np.testing.assert_allclose(own.get_xdata(), [1, 2])
        np.testing.assert_allclose(own.get_ydata(), expected)
        np.testing.assert_allclose(lines["mean, highest pixel"].get_ydata(), [0, 0])
        assert len(panel.collections) == 1  # the band of the run's own way


def test_layers_have_a_bar_for_each_way_to_put_them_together(ablation: Ablation) -> None:
    figure = draw_study(ablation, "layers")
    panel = figure.axes[0]
    names = [tick.get_text() for tick in panel.get_yticklabels()]
    assert names == ["up_blocks.1.attentions.0", "all layers (the run)"]
    widths = [bar.get_width() for bar in panel.patches]
    assert widths == pytest.approx([200 / 3, 100] * 3)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["mean", "softmax", "log-mean (the run)"]
    assert LAYER.startswith(names[0])


def test_ways_to_read_are_bars(ablation: Ablation) -> None:
    panel, other = draw_study(ablation, "reading").axes
    for one in (panel, other):
        assert [bar.get_width() for bar in one.patches] == pytest.approx([0, 100] * 3)
    names = [tick.get_text() for tick in panel.get_yticklabels()]
    assert names[ablation.studies["reading"].index(OWN)].endswith("(the run)")


def test_a_picture_a_study_is_written_and_always_the_same(
    ablation: Ablation, tmp_path: Path
) -> None:
    saved = save_ablations(tmp_path, ablation)
    names = ["embeddings.png", "crops.png", "layers.png", "reading.png"]
    assert [path.name for path in saved] == names
    before = saved[0].read_bytes()
    save_ablations(tmp_path, ablation)
    assert saved[0].read_bytes() == before
    with Image.open(saved[0]) as picture:
        assert picture.width == 1800
