"""Draw the method in one picture, from attention maps of the built-in model.

python docs/figures/method.py [OUT.png]

Upper row: the source with its point, and the embedding's map over the source after 0, 5, 20 and 100
steps of the optimisation. Lower row: the target, the same embedding's map over it, and the point at
its maximum. The embedding starts at random, so that the steps can be seen; the preset `default`
starts from the point's own queries.
"""

import sys
from pathlib import Path

import torch
from panels import Panel, draw_rows

import homologue
from homologue.viz.figures import save_figure

HERE = Path(__file__).parent
IMAGES = HERE.parents[1] / "examples" / "images"
POINT = [96.0, 145.0]  # the left eye in fox-noto.png, in pixels
STEPS = (0, 5, 20, 100)


def embeddings_after(model: homologue.LatentDiffusion, steps: int) -> homologue.PointEmbeddings:
    """Fit POINT with some steps; with equal seeds, fewer steps are the beginning of more."""
    rate = 0.05 if steps else 0  # 0 steps: one step that changes nothing
    settings = ["fit.start=random", f"fit.learning_rate={rate}", f"fit.steps={max(steps, 1)}"]
    preset = homologue.with_settings(homologue.get_preset("default"), settings)
    return homologue.fit(model, IMAGES / "fox-noto.png", [POINT], preset=preset)


def main() -> None:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "method.png")
    model = homologue.load("builtin", device="cpu")
    source, target = (
        homologue.read_image(IMAGES / name) for name in ("fox-noto.png", "fox-twemoji-turned.png")
    )
    upper = [Panel("source and its point", source, point=torch.tensor(POINT))]
    for steps in STEPS:
        embeddings = embeddings_after(model, steps)
        loss = float(embeddings.losses.mean())
        heatmaps = homologue.locate(model, source, embeddings, heatmaps=True).heatmaps
        upper.append(Panel(f"{steps} steps, loss {loss:.2f}", source, heat=heatmaps[0]))
    found = homologue.locate(model, target, embeddings, heatmaps=True)
    lower = [
        Panel("target", target),
        Panel("the embedding's map", target, heat=found.heatmaps[0]),
        Panel(f"maximum, score {float(found.scores[0]):.2f}", target, point=found.points[0]),
    ]
    rows = [
        ("Optimise an embedding until its attention is at the point", upper),
        ("Read the same embedding's attention in another picture", lower),
    ]
    save_figure(out, draw_rows(rows, side=250)[0])
    print(out)


if __name__ == "__main__":
    main()
