"""Convolutional networks: the convolutions by automatic differentiation, the fully connected head written out."""

from __future__ import annotations

from typing import Any

from statmech.networks import mlp
from statmech.networks.architectures import ConvolutionalNetwork
from statmech.networks.mlp import Tensors


def forward(torch: Any, network: ConvolutionalNetwork, w: Tensors, x: Any, tape: list | None = None) -> Any:
    """Outputs h (S, B, classes) of pictures x (S, B, channels, side, side); see mlp.forward."""
    if tape is None:
        return mlp.forward(torch, network.head, w, _features(torch, network, w, x))
    names = [name for name in w if name.startswith("conv")]
    with torch.enable_grad():
        leaves = {name: w[name].detach().requires_grad_() for name in names}
        features = _features(torch, network, leaves, x)
    tape.append((leaves, features))
    return mlp.forward(torch, network.head, w, features.detach(), tape)


def backward(torch: Any, network: ConvolutionalNetwork, w: Tensors, tape: list, d: Any) -> Tensors:
    """Gradient of the loss by every parameter; see mlp.backward."""
    leaves, features = tape[0]
    out, d = mlp.backward(torch, network.head, w, tape[1:], d, inputs=True)
    return dict(zip(leaves, torch.autograd.grad(features, list(leaves.values()), d))) | out


def _features(torch: Any, network: ConvolutionalNetwork, w: Tensors, x: Any) -> Any:
    """What the convolutions make of pictures, (S, B, features): one network of the stack after the other, each of
    them fills the machine."""
    from torch.nn import functional as F

    out = []
    for s in range(len(x)):
        h = x[s]
        for l, layer in enumerate(network.convolutions, 1):
            h = F.conv2d(h, w[f"conv{l}.weight"][s], w[f"conv{l}.bias"][s]).relu_()
            h = F.max_pool2d(h, layer.pool)
        out.append(h.flatten(1))
    return torch.stack(out)
