"""What differs between the kinds of autoencoders."""

from types import SimpleNamespace

import torch

from homologue.diffusion.autoencoders import encode_images


def test_half_precision_rounds_an_image_once() -> None:
    images = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    vae = SimpleNamespace(encode=lambda given: SimpleNamespace(latents=given))
    given = encode_images(vae, images, torch.device("cpu"), torch.float16)
    assert torch.equal(given, (images * 2 - 1).half())
    assert not torch.equal(given, images.half() * 2 - 1)
