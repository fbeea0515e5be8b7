"""A tiny sweep of networks, run by the tests in processes of their own."""

from statmech import Sweep
from statmech.networks.architectures import MLP
from statmech.tasks.training import Training

sweep = Sweep(
    "networks",
    Training(MLP((64, 12, 10)), m=120, batch=10, learning_rate=0.05, epochs=8, read_losses=(0.5,), device="cpu"),
    grid={"batch": [10, 40], "r": [0.0, 0.5]},
    samples=2,
    block=2,
)
