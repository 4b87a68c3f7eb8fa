"""Published settings of the matcher `features`.

What differs from the published procedures: images are resized to a square, similarities are
compared on the grid of `homologue.matchers.nearest.GRID` cells a side instead of every pixel, the
latent is the mean of the VAE's distribution instead of a sample, and all images share the noise.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from homologue.config import FeaturesConfig
from homologue.errors import HomologueError
from homologue.presets import Preset, with_settings
from homologue.settings import setting_text

# DIFT: Tang et al., "Emergent Correspondence from Image Diffusion", NeurIPS 2023, arXiv 2306.03881.
# The defaults of `eval_spair.py` in the released code, github.com/Tsingularity/dift: Stable
# Diffusion 2.1, `--t 261`, `--up_ft_index 1` (the output of the second block of the up path),
# `--ensemble_size 8` (the features are averaged), `--img_size 768 768`, prompt "a photo of a
# CATEGORY", and the empty prompt for other images.
_DIFT: Mapping[str, Any] = {
    "layers": "up_blocks.1",
    "timestep": 261,
    "noise_samples": 8,
    "context": "empty",
    "side": 768,
    "average": "features",
    "window": 0.0,
}

FEATURE_PRESETS: Mapping[str, FeaturesConfig] = {
    "dift-sd21": FeaturesConfig(**_DIFT),
    # The same values: none were published for Stable Diffusion 1.5 in particular.
    "dift-sd15": FeaturesConfig(**_DIFT),
    # CleanDIFT: Stracke et al., "CleanDIFT: Diffusion Features without Noise", arXiv 2412.03439.
    # `notebooks/get_correspondences.ipynb` of github.com/CompVis/cleandift: the state `us6`, which
    # is the output of the second block of the up path, of images of 768 pixels without noise, with
    # the prompt "A photo of a dog"; `StableFeatureAligner` there: `t_init=261`.
    "cleandift": FeaturesConfig(
        layers="up_blocks.1", timestep=261, noise="none", context="empty", side=768, window=0.0
    ),
    # Zhang et al., "A Tale of Two Features", NeurIPS 2023, arXiv 2305.15347, without DINOv2. The
    # defaults of `pck_spair_pascal.py` in the released code, github.com/Junyi42/sd-dino: Stable
    # Diffusion 1.5, `--TIMESTEP 100`, `--SIZE 960`, one noise, and the states that enter the blocks
    # 2, 5 and 8 of the decoder (`--INDICES 2 5 8 11`, of which the first three are used), which are
    # the outputs of the blocks 1, 4 and 7. Left out: the reduction of each layer to 256 components
    # by a PCA of both images (here each layer is normalised to unit length instead), padding to a
    # square, and the captions that ODISE computes from the image (here the empty prompt).
    "sd15-multi": FeaturesConfig(
        layers="up_blocks.0.resnets.1,up_blocks.1.attentions.1,up_blocks.2.attentions.1",
        timestep=100,
        noise_samples=1,
        context="empty",
        side=960,
        window=0.0,
    ),
}
"""Settings by name."""


def with_features(preset: Preset, name: str) -> Preset:
    """Return a preset with published settings of the matcher `features`; its name lists them.

    Args:
        name: a name of `FEATURE_PRESETS`.

    Raises:
        HomologueError: the name is unknown.

    >>> from homologue.presets import DEFAULT
    >>> with_features(DEFAULT, "cleandift").features.timestep
    261
    """
    if name not in FEATURE_PRESETS:
        raise HomologueError(
            f"There are no features {name!r}: choose {', '.join(sorted(FEATURE_PRESETS))}."
        )
    published, before = FEATURE_PRESETS[name], asdict(preset.features)
    values = {field: v for field, v in asdict(published).items() if field not in published.unused}
    changed = [field for field in values if values[field] != before[field]]
    return with_settings(preset, [setting_text(f"features.{f}", values[f]) for f in changed])
