"""Networks as descriptions: names, shapes, messages, and initial weights that are a function of a key."""

import numpy as np
import pytest

from statmech.networks.architectures import MLP, LeNet5, MiniAlexNet
from statmech.networks.initial import initial_parameters


def test_shapes_are_those_of_the_papers():
    assert MLP().shapes()["fc1.weight"] == (300, 784) and list(MLP().shapes())[-1] == "fc3.bias"
    lenet = LeNet5().shapes()
    assert [lenet[f"{x}.weight"] for x in ("conv1", "conv2", "fc1", "fc2")] == [
        (20, 1, 5, 5), (50, 20, 5, 5), (500, 800), (10, 500)]  # fmt: skip
    alex = MiniAlexNet().shapes()
    assert [alex[f"{x}.weight"] for x in ("conv1", "conv2", "fc1", "fc2", "fc3")] == [
        (96, 3, 5, 5), (256, 96, 5, 5), (384, 4096), (192, 384), (10, 192)]  # fmt: skip


@pytest.mark.parametrize(("options", "says"), [
    ({"widths": (4,)}, "at least"),
    ({"widths": (4, 0, 2)}, "integers >= 1"),
    ({"activation": "sigmoid"}, "'relu', 'tanh'"),
    ({"dropout": 1.0}, "0 <= dropout < 1"),
    ({"output_scale": 0.0}, "> 0"),
    ({"output_scale": 2.0, "batch_norm": True}, "leave out batch_norm"),
])  # fmt: skip
def test_messages(options, says):
    with pytest.raises(ValueError, match=says):
        MLP(**options)


def test_initial_weights_are_a_function_of_the_key_and_nested_in_the_width():
    a, b, c = (initial_parameters(MLP((50, width, 10)), key) for width, key in ((40, 1), (30, 1), (40, 2)))
    np.testing.assert_array_equal(a["fc1.weight"][:30], b["fc1.weight"])
    assert (a["fc1.weight"] != c["fc1.weight"]).mean() > 0.9
    assert a["fc1.weight"].dtype == np.float32 and not a["fc1.bias"].any()


@pytest.mark.parametrize(("network", "layer", "variance"), [
    (MLP((400, 500, 10)), "fc1", 2 / 400),
    (MLP((400, 500, 10), "tanh"), "fc1", 1 / 400),
    (LeNet5(), "fc1", 2 / 1300),
    (LeNet5(), "conv2", 2 / (70 * 25)),
])  # fmt: skip
def test_variance_of_initial_weights(network, layer, variance):
    w = initial_parameters(network, 5)[f"{layer}.weight"]
    assert abs(w.var() / variance - 1) < 5 * np.sqrt(2 / w.size)
    assert abs(w.mean()) < 5 * np.sqrt(variance / w.size)


def test_batch_norm_starts_as_the_identity():
    w = initial_parameters(MLP((5, 4, 3), batch_norm=True), 1)
    assert (w["bn1.weight"] == 1).all() and (w["bn1.variance"] == 1).all()
    assert not w["bn1.bias"].any() and not w["bn1.mean"].any() and "bn2.weight" not in w
