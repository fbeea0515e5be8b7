"""Seconds until the first result: a point of the demo in a new process, without and with compiled kernels on disk.

    python benchmarks/compile_time.py             (a minute)

Processor time of one `simulate` with exchange, in a fresh cache folder and then again, imports left out; and the
specialisations that it left in the folder, a file for every function and types of its arguments.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from _report import Report, parser

POINT = """
import time
from statmech import {model}, Tempering, simulate
begin = time.process_time()
simulate({point}, T=[0.2, 0.4, 0.6, 0.8], sampler=Tempering(), sweeps=64, device="cpu")
print(time.process_time() - begin)
"""
POINTS = {"Hopfield": "Hopfield(n=500, alpha=0.1)", "Perceptron": "Perceptron(n=101, alpha=2.0)"}
TOY = {"Perceptron": "Perceptron(n=15, alpha=2.0)"}


def main() -> None:
    """Print and store the table."""
    options = parser(__doc__).parse_args()
    with Report(__file__, __doc__, options) as report:
        table = report.table(
            "a point with four temperatures, 64 sweeps, in a new process",
            {"point": "", "first call s": ".1f", "later s": ".2f", "compiled functions": "d", "kernels": ""},
        )
        for model, point in (TOY if options.smoke else POINTS).items():
            with tempfile.TemporaryDirectory() as folder:
                environment = os.environ | {"STATMECH_CACHE": folder}
                command = [sys.executable, "-c", POINT.format(model=model, point=point)]
                first, again = (
                    float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
                    for _ in range(2)
                )
                compiled = sorted(path.name.split(".")[1].split("-")[0] for path in Path(folder).rglob("*.nbc"))
            kernels = ", ".join(name for name in compiled if name.startswith("sweep"))
            table(point, first, again, len(compiled), kernels)


if __name__ == "__main__":
    main()
