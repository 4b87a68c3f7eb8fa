import torch

from homologue.method.adam import Adam


def test_takes_the_steps_of_torchs_adam() -> None:
    start = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    ours, theirs = (start.clone().requires_grad_() for _ in range(2))
    adam, reference = Adam(ours, 0.05), torch.optim.Adam([theirs], lr=0.05)
    for step in range(20):
        for parameter in (ours, theirs):
            (parameter - step).square().sum().sin().backward()
        adam.step()
        reference.step()
        reference.zero_grad()
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    assert ours.grad is None
