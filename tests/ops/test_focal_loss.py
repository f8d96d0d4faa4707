import pytest
import torch
from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss

from mmhcm.ops import sigmoid_focal_loss_backward, sigmoid_focal_loss_forward


@pytest.mark.parametrize('weighted', [False, True])
def test_equals_mmdetections_loss(weighted):
    rng = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(20, 3, generator=rng)
    target = torch.randint(0, 4, (20,), generator=rng)
    weight = torch.tensor([0.5, 1.0, 2.0]) if weighted else torch.zeros(0)
    loss, grad = torch.zeros(20, 3), torch.zeros(20, 3)
    sigmoid_focal_loss_forward(logits, target, weight, loss, 1.5, 0.3)
    sigmoid_focal_loss_backward(logits, target, weight, grad, 1.5, 0.3)

    logits.requires_grad_()
    is_class = torch.nn.functional.one_hot(target, 4)[:, :3].float()
    expected = py_sigmoid_focal_loss(
        logits, is_class, gamma=1.5, alpha=0.3, reduction='none'
    )
    if weighted:
        expected = expected * torch.tensor([0.5, 1, 2, 1])[target][:, None]
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-6)
    (expected,) = torch.autograd.grad(expected.sum(), logits)
    torch.testing.assert_close(grad, expected, rtol=1e-4, atol=1e-6)


def test_large_logits_have_finite_losses():
    logits = torch.tensor([[300.0, -300.0]])
    none, loss, grad = torch.zeros(0), torch.zeros(1, 2), torch.zeros(1, 2)
    arguments = (logits, torch.tensor([1]), none)
    sigmoid_focal_loss_forward(*arguments, loss, 2.0, 0.25)
    sigmoid_focal_loss_backward(*arguments, grad, 2.0, 0.25)
    torch.testing.assert_close(loss, torch.tensor([[225.0, 75.0]]))
    torch.testing.assert_close(grad, torch.tensor([[0.75, -0.25]]))
