"""Convert images with an ICC profile to sRGB."""

import io
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_ROUNDING = 2  # tolerance of equal colour curves, in levels of 255
_SRGB_GAMMA = 1 / 2.2
_SRGB_PRIMARIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)  # white, red, green, blue


def to_srgb(
    picture: Image.Image, profile: bytes | None, name: str, note: Callable[[str], None]
) -> Image.Image:
    """Convert an image of mode L, RGB or CMYK to sRGB with the perceptual intent.

    The image is returned unchanged if the profile is sRGB, and if it cannot be applied because it
    is damaged or for another colour space; then `note` is called. A grey profile is also applied
    to an RGB image without colour.

    Args:
        picture: image without transparency.
        profile: ICC profile; None returns the image unchanged.
        name: name of the image, for notes.
        note: called with a sentence for the user.

    Returns:
        The image, of mode RGB if it was converted.
    """
    if profile is None:
        return picture
    try:
        parsed = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = parsed.profile.xcolor_space.strip()
        if _is_srgb(profile):
            return picture
        if space == "GRAY" and picture.mode == "RGB" and _is_grey(picture):
            picture = picture.getchannel("R")
        expected = {"L": "GRAY"}.get(picture.mode, picture.mode)
        if space != expected:
            raise ImageCms.PyCMSError(f"it is for {space}, the image is {expected}")
        converted = _convert(picture, parsed)
    except (ImageCms.PyCMSError, OSError, ValueError, ImportError) as error:
        reason = str(error).strip().rstrip(".") or type(error).__name__
        note(
            f"{name} has a colour profile that cannot be applied ({reason}); "
            "its colours are read as sRGB."
        )
        return picture
    return converted


def note_gamma(picture: Image.Image, name: str, note: Callable[[str], None]) -> None:
    """Call `note` for a PNG whose gAMA or cHRM chunk differs from sRGB; they are not applied."""
    if picture.format != "PNG" or "srgb" in picture.info:
        return
    gamma = picture.info.get("gamma")
    primaries = picture.info.get("chromaticity")
    other_gamma = gamma and abs(gamma / _SRGB_GAMMA - 1) > 0.1
    other_primaries = primaries and np.abs(np.subtract(primaries, _SRGB_PRIMARIES)).max() > 0.02
    if other_gamma or other_primaries:
        declared = f"a gamma of {gamma:g}" if other_gamma else "primaries"
        note(
            f"{name} declares {declared} other than that of sRGB, which is not applied; "
            "convert it to sRGB first if its colours matter."
        )


def _convert(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    if picture.mode == "L":
        levels = _transform(Image.fromarray(np.arange(256, dtype=np.uint8)[None]), profile)
        return picture.convert("RGB").point(list(np.asarray(levels)[0].T.flat))
    return _transform(picture, profile)


def _transform(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    # Little CMS is exact up to rounding for profiles of three curves and a matrix. For others its
    # optimisation uses a coarse table, with measured errors of 10 levels of 255 in dark greys and
    # 19 in saturated colours, so it is disabled.
    details = profile.profile
    curves_and_matrix = details.is_matrix_shaper and details.xcolor_space.strip() == "RGB"
    has_table = any(directions[0] for directions in (details.clut or {}).values())
    exact = curves_and_matrix and not has_table
    converted = ImageCms.profileToProfile(
        picture,
        profile,
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
        flags=ImageCms.Flags.NONE if exact else ImageCms.Flags.NOOPTIMIZE,
    )
    assert converted is not None  # it is None for conversions in place only
    return converted


@lru_cache(maxsize=4)
def _is_srgb(profile: bytes) -> bool:
    """Return whether a profile is named sRGB and maps colours to themselves.

    The name alone does not suffice: linear profiles have sRGB in their names too.
    """
    parsed = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if "sRGB" not in ImageCms.getProfileDescription(parsed):
        return False
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(64, 64, 3)
    if parsed.profile.xcolor_space.strip() != "RGB":
        return False
    converted = np.asarray(_convert(Image.fromarray(cube), parsed), dtype=int)
    return bool(np.abs(converted - cube).max() <= _ROUNDING)


def _is_grey(picture: Image.Image) -> bool:
    pixels = np.asarray(picture)
    return bool((pixels == pixels[..., :1]).all())
