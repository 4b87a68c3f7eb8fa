"""Colours of a picture with an ICC profile, converted to sRGB."""

import io
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_ROUNDING = 2  # levels of 255 that two tables of one curve may differ by
_SRGB_GAMMA = 1 / 2.2
_SRGB_PRIMARIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)  # white, red, green, blue


def to_srgb(
    picture: Image.Image, profile: bytes | None, name: str, note: Callable[[str], None]
) -> Image.Image:
    """The picture (L, RGB or CMYK) in sRGB, with the perceptual intent; of mode RGB if converted.

    A profile that only restates sRGB changes nothing, to the bit. One that cannot be applied,
    because it is damaged or for another kind of picture, changes nothing either; `note` is called
    with a sentence. A grey profile also suits an RGB picture without colour.
    """
    if profile is None:
        return picture
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = given.profile.xcolor_space.strip()
        if _is_srgb(profile):
            return picture
        if space == "GRAY" and picture.mode == "RGB" and _is_grey(picture):
            picture = picture.getchannel("R")
        wanted = {"L": "GRAY"}.get(picture.mode, picture.mode)
        if space != wanted:
            raise ImageCms.PyCMSError(f"it is for {space}, the picture is {wanted}")
        converted = _convert(picture, given)
    except (ImageCms.PyCMSError, OSError, ValueError, ImportError) as error:
        reason = str(error).strip().rstrip(".") or type(error).__name__
        note(
            f"{name} has a colour profile that cannot be applied ({reason}); "
            "its colours are read as sRGB."
        )
        return picture
    return converted


def note_gamma(picture: Image.Image, name: str, note: Callable[[str], None]) -> None:
    """Notes that a PNG declares colours other than sRGB without a profile: gAMA and cHRM chunks.

    They are not applied. The usual declaration of sRGB is none to speak of.
    """
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
    # Three curves and a matrix Little CMS computes to within rounding. Anything else it replaces
    # by a table of few steps, which was 10 levels of 255 off in dark greys and 19 in saturated
    # colours, unless it is told not to.
    described = profile.profile
    curves_and_matrix = described.is_matrix_shaper and described.xcolor_space.strip() == "RGB"
    has_table = any(directions[0] for directions in (described.clut or {}).values())
    fast = curves_and_matrix and not has_table
    converted = ImageCms.profileToProfile(
        picture,
        profile,
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
        flags=ImageCms.Flags.NONE if fast else ImageCms.Flags.NOOPTIMIZE,
    )
    assert converted is not None  # only where it works in place
    return converted


@lru_cache(maxsize=4)
def _is_srgb(profile: bytes) -> bool:
    """Whether it is called sRGB, and is: there are linear profiles with sRGB in their names."""
    given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if "sRGB" not in ImageCms.getProfileDescription(given):
        return False
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(64, 64, 3)
    if given.profile.xcolor_space.strip() != "RGB":
        return False
    converted = np.asarray(_convert(Image.fromarray(cube), given), dtype=int)
    return bool(np.abs(converted - cube).max() <= _ROUNDING)


def _is_grey(picture: Image.Image) -> bool:
    pixels = np.asarray(picture)
    return bool((pixels == pixels[..., :1]).all())
