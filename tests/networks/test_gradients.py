"""Forward and backward pass that are written out, against torch.nn and automatic differentiation."""

import numpy as np
import pytest
from networks.small import Small

from statmech.networks import mlp
from statmech.networks.architectures import MLP
from statmech.networks.descent import Descent
from statmech.networks.device import one_thread
from statmech.networks.initial import initial_parameters
from statmech.networks.machine import Machine

torch = pytest.importorskip("torch")

S, B, WIDTHS = 3, 6, (7, 9, 5, 4)
PHI = {"relu": torch.relu, "tanh": torch.tanh, "selu": torch.selu, "linear": lambda x: x}


def stack(network):
    """Weights (S, ...) in double precision; biases and gains away from their start, so that they are tested."""
    rng = np.random.default_rng(3)
    parts = [initial_parameters(network, key) for key in range(S)]
    w = {name: np.stack([p[name] for p in parts]).astype(float) for name in parts[0]}
    return {name: torch.tensor(x + (rng.normal(0, 0.3, x.shape) if x.ndim == 2 and "variance" not in name else 0))
            for name, x in w.items()}  # fmt: skip


def examples(network, classes):
    rng = np.random.default_rng(4)
    return torch.tensor(rng.normal(size=(S, B, *network.inputs))), torch.tensor(rng.integers(0, classes, (S, B)))


def full(gradient):
    """Gradients as arrays (S, ...)."""
    return {n: g[0].transpose(1, 2) @ g[1] if isinstance(g, tuple) else g for n, g in gradient.items()}


def reference(network, w, s, x, masks=None, anchor=None):
    """Outputs of network s of the stack in plain torch.nn.functional."""
    from torch.nn import functional as F

    h = x
    for l in range(1, network.depth + 1):
        h = F.linear(h, w[f"fc{l}.weight"][s], w[f"fc{l}.bias"][s])
        if l < network.depth:
            if network.batch_norm:
                h = F.batch_norm(h, None, None, w[f"bn{l}.weight"][s], w[f"bn{l}.bias"][s], training=True)
            h = PHI[network.activation](h)
            h = h if masks is None else h * masks[l - 1][s]
    return h if network.output_scale is None else network.output_scale * (h - anchor[s])


NETWORKS = [
    *(MLP(WIDTHS, phi, batch_norm=norm) for phi in PHI for norm in (False, True)),
    MLP(WIDTHS, dropout=0.4),
    MLP(WIDTHS, "tanh", output_scale=5.0),
    MLP((7, 4)),
]


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_gradient_is_that_of_automatic_differentiation(network):
    w, (x, labels) = stack(network), examples(network, 4)
    rng = np.random.default_rng(5)
    masks = [torch.tensor((rng.random((S, B, n)) < 0.6) / 0.6) for n in WIDTHS[1:-1]] if network.dropout else None
    anchor = torch.tensor(rng.normal(size=(S, B, 4))) if network.output_scale else None
    leaves = {n: p.clone().requires_grad_() for n, p in w.items()}
    loss = sum(torch.nn.functional.cross_entropy(reference(network, leaves, s, x[s], masks, anchor), labels[s])
               for s in range(S)) / (network.output_scale or 1.0) ** 2  # fmt: skip
    names = list(network.shapes())
    expected = dict(zip(names, torch.autograd.grad(loss, [leaves[n] for n in names])))
    with one_thread():
        found = full(Machine(network, "cpu").gradient(w, x, labels, anchor, masks))
    assert set(found) == set(names)
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_gradient_of_convolutional_networks():
    from torch.nn import functional as F

    network = Small()
    w, (x, labels) = stack(network), examples(network, network.classes)
    leaves = {n: p.clone().requires_grad_() for n, p in w.items()}
    loss = 0.0
    for s in range(S):
        h = x[s]
        for l in (1, 2):
            h = F.max_pool2d(torch.relu(F.conv2d(h, leaves[f"conv{l}.weight"][s], leaves[f"conv{l}.bias"][s])), 2)
        loss = loss + F.cross_entropy(reference(network.head, leaves, s, h.flatten(1)), labels[s])
    names = list(network.shapes())
    expected = dict(zip(names, torch.autograd.grad(loss, [leaves[n] for n in names])))
    with one_thread():
        found = full(Machine(network, "cpu").gradient(w, x, labels))
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_the_comparison_sees_a_wrong_slope(monkeypatch):
    monkeypatch.setattr(mlp, "_slope", lambda torch, name, a, d: d)
    with pytest.raises(AssertionError):
        test_gradient_is_that_of_automatic_differentiation(MLP(WIDTHS, "tanh"))


def test_running_averages_of_batch_norm_are_those_of_torch():
    network = MLP((7, 9, 4), batch_norm=True)
    w, (x, labels) = stack(network), examples(network, 4)
    norm = torch.nn.BatchNorm1d(9).double()
    norm.running_mean.copy_(w["bn1.mean"][0])
    norm.train()(torch.nn.functional.linear(x[0], w["fc1.weight"][0], w["fc1.bias"][0]))
    with one_thread():
        Machine(network, "cpu").gradient(w, x, labels)
    np.testing.assert_allclose(w["bn1.mean"][0], norm.running_mean, rtol=1e-12)
    np.testing.assert_allclose(w["bn1.variance"][0], norm.running_var, rtol=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_descent_is_that_of_its_equation(momentum, decay):
    network = MLP(WIDTHS)
    w, (x, labels) = stack(network), examples(network, 4)
    expected, buffers = {n: p.clone() for n, p in w.items()}, {n: torch.zeros_like(p) for n, p in w.items()}
    v = {n: torch.zeros_like(p) for n, p in w.items()} if momentum else {}
    machine, descent = Machine(network, "cpu"), Descent(0.2, momentum, decay)
    for _ in range(4):
        leaves = {n: p.requires_grad_() for n, p in expected.items()}
        loss = sum(torch.nn.functional.cross_entropy(reference(network, leaves, s, x[s]), labels[s]) for s in range(S))
        gradients = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values()))))
        for name, p in leaves.items():
            g = gradients[name] + (decay if name.endswith("weight") else 0.0) * p.detach()
            buffers[name] = momentum * buffers[name] + g
            expected[name] = p.detach() - 0.2 * buffers[name]
        with one_thread():
            descent.step(w, v, machine.gradient(w, x, labels))
    for name in w:
        np.testing.assert_allclose(w[name], expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_max_norm_shortens_long_rows_and_leaves_short_ones():
    w = {"fc1.weight": torch.tensor([[[3.0, 4.0], [0.3, 0.4]]]), "fc1.bias": torch.full((1, 2), 9.0)}
    zero = {n: torch.zeros_like(p) for n, p in w.items()}
    Descent(0.1, max_norm=1.0).step(w, {}, zero)
    np.testing.assert_allclose(w["fc1.weight"][0], [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    assert (w["fc1.bias"] == 9).all()


def test_lazy_outputs_vanish_at_the_start_and_loss_is_ln_k():
    network = MLP((7, 9, 4), output_scale=100.0)
    start = initial_parameters(network, 1)
    rng = np.random.default_rng(0)
    machine = Machine(network, "cpu")
    with one_thread():
        examples = machine.examples(rng.normal(size=(50, 7)).astype(np.float32), rng.integers(0, 4, 50), start)
        w = machine.tensors({n: x[None] for n, x in start.items()})
        assert abs(machine.evaluate(w, examples)[0] - np.log(4)) < 1e-5
