"""Stand-ins for mmcv's sigmoid focal loss (Lin et al., ICCV 2017)."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def sigmoid_focal_loss_forward(
    logits: Tensor,
    target: Tensor,
    weight: Tensor,
    output: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Compute the loss of each logit.

    Args:
        logits: (n, C).
        target: int64 (n,), C for background.
        weight: (C,) weights of the targets' classes, or empty.
        output: (n, C), filled.
        gamma: Exponent of the modulating factor.
        alpha: Weight of positive targets; negative targets have 1 - alpha.
    """
    output.copy_(_focal_loss(logits, target, weight, gamma, alpha))


def sigmoid_focal_loss_backward(
    logits: Tensor,
    target: Tensor,
    weight: Tensor,
    grad_input: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Compute the derivative of each loss.

    Args:
        logits: As in ``sigmoid_focal_loss_forward``.
        target: As in ``sigmoid_focal_loss_forward``.
        weight: As in ``sigmoid_focal_loss_forward``.
        grad_input: (n, C), filled.
        gamma: As in ``sigmoid_focal_loss_forward``.
        alpha: As in ``sigmoid_focal_loss_forward``.
    """
    with torch.enable_grad():
        leaf = logits.detach().requires_grad_()
        loss = _focal_loss(leaf, target, weight, gamma, alpha).sum()
    grad_input.copy_(torch.autograd.grad(loss, leaf)[0])


def _focal_loss(
    logits: Tensor, target: Tensor, weight: Tensor, gamma: float, alpha: float
) -> Tensor:
    classes = torch.arange(logits.shape[1], device=target.device)
    is_positive = target[:, None] == classes
    # Logit of the true answer: sigmoid(truth) is p_t of equation 3.
    truth = torch.where(is_positive, logits, -logits)
    share = torch.where(is_positive, alpha, 1 - alpha).to(logits.dtype)
    loss = -share * torch.sigmoid(-truth).pow(gamma) * F.logsigmoid(truth)
    if weight.numel():
        # As in mmcv, background has no weight of its own.
        loss = loss * F.pad(weight, (0, 1), value=1)[target][:, None]
    return loss
