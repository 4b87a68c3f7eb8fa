"""Curves and bars: what they show is what the scores are."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from helpers.found import found, lost, run_of
from PIL import Image

from homologue.errors import HomologueError
from homologue.viz.curves import draw_categories, draw_curves, save_categories, save_curves

ALPHAS = [0.1, 0.3]
ONE = run_of([found("b1", 0.5, 5.0), found("b2", 0.5), found("a1", 2.0)], "one")
TWO = run_of([found("b1", 0.5, 0.5), lost("a1", 1)], "two", planned=30)


def test_curves_go_through_the_scores() -> None:
    figure = draw_curves([ONE, TWO], ALPHAS)
    for panel, average in zip(figure.axes, ("per_point", "per_image"), strict=True):
        assert panel.get_title() == average.replace("_", " ")
        for line, run in zip(panel.lines, (ONE, TWO), strict=True):
            x, y = line.get_data()
            assert (x[0], x[-1]) == (0, 0.6)
            expected = run.scores.score("bbox", tuple(x)).pck[average]
            np.testing.assert_allclose(y, 100 * expected)
    assert figure.axes[0].lines[0].get_ydata()[-1] == 100


def test_bands_are_the_intervals() -> None:
    run = run_of([found(f"a{i}", 9.0 * (i % 2)) for i in range(30)])
    panel = draw_curves([run], [0.25]).axes[0]
    (band,) = panel.collections
    heights = band.get_paths()[0].vertices[:, 1]
    low, high = 100 * run.scores.score("bbox", (0.25,)).interval["per_point"][:, 0]
    assert heights.max() == pytest.approx(high)
    assert np.isclose(heights, low).sum() > 10


def test_bars_are_the_scores_of_categories_and_of_all() -> None:
    figure = draw_categories([ONE, TWO], ALPHAS)
    (panel,) = figure.axes
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["all, 3", "b, 2", "a, 1"]
    widths = [bar.get_width() for bar in panel.patches]
    assert widths[:3] == pytest.approx([50, 200 / 3, 0])
    assert widths[3:5] == pytest.approx([100, 100])
    assert np.isnan(widths[5])


def test_the_legend_names_runs_and_says_what_is_missing() -> None:
    for draw in (draw_curves, draw_categories):
        (legend,) = draw([ONE, TWO], ALPHAS).legends
        texts = [text.get_text().strip("\u200b") for text in legend.get_texts()]
        assert texts == ["one", "two (2 of 30 pairs)"]
        assert draw([ONE], ALPHAS).legends == []


def test_many_categories_make_columns() -> None:
    run = run_of([found(f"c{i}", 0.0, category=f"category {i:03}") for i in range(200)])
    figure = draw_categories([run], ALPHAS)
    assert len(figure.axes) == 4
    named = [t.get_text() for panel in figure.axes for t in panel.get_yticklabels()]
    assert named == ["all, 200", *(f"category {i:03}, 1" for i in range(200))]


@pytest.mark.parametrize("save", [save_curves, save_categories])
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_runs_give_the_same_bytes_whatever_the_settings(
    tmp_path: Path, save, suffix: str
) -> None:
    save(tmp_path / f"a{suffix}", [ONE, TWO], ALPHAS)
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "axes.facecolor": "red"}):
        save(tmp_path / f"b{suffix}", [ONE, TWO], ALPHAS)
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("name", ["_hidden", "a$x^{$b", "猫の耳" * 40, "two\nlines"])
def test_odd_names_are_drawn_as_they_are(tmp_path: Path, name: str) -> None:
    odd = run_of([found("a", 0.0, category=name)], name)
    for runs in ([odd], [odd, ONE]):
        save_curves(tmp_path / "a.png", runs, ALPHAS)
        save_categories(tmp_path / "b.png", runs, ALPHAS)
    legend = draw_curves([odd, ONE], ALPHAS).legends[0]
    assert len(legend.get_texts()) == 2


def test_a_run_without_a_pair_can_be_drawn(tmp_path: Path) -> None:
    for runs in ([run_of([], planned=9)], [run_of([lost("a", 2)])]):
        save_curves(tmp_path / "a.png", runs, ALPHAS)
        save_categories(tmp_path / "b.png", runs, ALPHAS)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size[0] == 1800


def test_refuses_an_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(HomologueError, match="no known suffix for a plot"):
        save_curves(tmp_path / "a.gif", [ONE], ALPHAS)
