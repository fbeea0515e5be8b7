"""A network at a known temperature on data without structure: Gaussian inputs labelled by a random network.

As network_langevin.py, with labels of a 784-32-10 teacher in place of MNIST, m = 500.

    python sims/teacher_langevin.py run      (5 minutes on two cores; --smoke: seconds)
"""

from dataclasses import replace

from network_langevin import sweep as mnist

from statmech.networks.architectures import MLP
from statmech.networks.data import Teacher

sweep = replace(
    mnist,
    name="teacher_langevin",
    title="A network at known temperatures, taught by a teacher",
    task=replace(mnist.task, trajectories=64, training=replace(mnist.task.training, data=Teacher(), m=500)),
    grid={"training.m": [500], "training.r": [0.0, 0.25]},
    smoke={
        "training.data": Teacher(MLP((20, 8, 10)), count=400, test=200), "training.network.widths": (20, 16, 10),
        "training.m": [100], "samples": 2, "trajectories": 32, "tune": 8, "T": [0.1, 1.0],
    },
)  # fmt: skip

if __name__ == "__main__":
    sweep.main()
