"""Trained twins of the networks of teacher_langevin.py: Gaussian inputs, labels of a random network, three batches.

    python sims/teacher_bridge.py run      (2 minutes on two cores; --smoke: seconds)
"""

from dataclasses import replace

from network_bridge import sweep as mnist

from statmech.networks.architectures import MLP
from statmech.networks.data import Teacher

sweep = replace(
    mnist,
    name="teacher_bridge",
    title="Trained twins of networks taught by a teacher",
    task=replace(mnist.task, data=Teacher(), m=500),
    grid={**mnist.grid, "m": [500]},
    smoke={
        "data": Teacher(MLP((20, 8, 10)), count=400, test=200), "network.widths": (20, 16, 10), "m": [100],
        "batch": [4, 8, 16], "samples": 2,
    },
)  # fmt: skip

if __name__ == "__main__":
    sweep.main()
