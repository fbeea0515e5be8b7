"""The sweep behind data/golden/sweep_v1.h5, run with `--part k/4` for k = 0, 1, 2, so that one sample is missing."""

from statmech import Hopfield, MonteCarlo, Sweep, Tempering

sweep = Sweep(
    "golden",
    MonteCarlo(Hopfield(n=16), Tempering(), T=(0.3, 0.6, 1.2), starts=("random", "pattern"), replicas=2, sweeps=16),
    grid={"model.alpha": [0.125, 0.25]},
    samples=4,
    block=3,
    title="Golden file of format version 1",
    citation="Hopfield, PNAS 79, 2554 (1982)",
)

if __name__ == "__main__":
    sweep.main()
