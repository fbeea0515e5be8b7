"""The command `spectra`: a table of the layers of a network, their eigenvalues as a file, their figures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

if TYPE_CHECKING:
    from statmech.results import Results

HEAD = (
    "layer", "N x M", "slices", "Q", "stable rank", "sigma", "lambda_+", "spikes", "alpha", "90 %", "xmin", "D", "tail",
    "phase",
)  # fmt: skip


@dataclass
class Spectra:
    """Analyse the weight matrices of a trained network: a row per layer, HDF5, figures.  No code in a file is run."""

    file: tyro.conf.Positional[Path]
    """network: .npz .npy .h5 .keras .safetensors .pt .pth .th, index or folder of shards; or results of --out"""
    out: str = ""
    """write eigenvalues, metrics and fits to this HDF5 file"""
    plot: str = ""
    """draw every layer and the exponents into this folder"""
    against: str = ""
    """the network before training, for figures of before and after"""
    slices: Literal["slices", "flatten"] = "slices"
    """the k x k matrices of a kernel with their eigenvalues pooled, or one matrix"""
    min_size: int = 20
    """leave out layers with fewer eigenvalues"""
    resamples: int = 100
    """of the bootstrap interval of alpha; 0 for none"""
    seed: int = 0
    """of the bootstrap"""
    refit: bool = False
    """of a results file: make metrics, fits and phases of its eigenvalues again"""
    note: str = ""
    """kept in the file of --out: where the network came from, its licence, its accuracy"""
    device: Literal["auto", "cpu", "gpu"] = "cpu"
    """for the singular values"""
    debug: bool = False
    """show the traceback of an error"""


def show(command: Spectra) -> int:
    """Run the command; returns the exit code."""
    if command.against and not command.plot:
        raise ValueError("--against draws before and after training: say where with --plot FOLDER")
    results = measured(command.file, command)
    print(table(results))
    if command.out:
        if command.note:
            results.attrs["note"] = command.note
        print(results.to_hdf5(command.out))
    if command.plot:
        before = measured(Path(command.against), command) if command.against else None
        for path in draw(results, Path(command.plot), before):
            print(path)
    return 0


def measured(path: Path, command: Spectra) -> Results:
    """Results of a network, or those that stand in a results file."""
    from statmech.io.load import load
    from statmech.io.networks import HoldsResults
    from statmech.layers import analyse, refit

    try:
        return analyse(path, command.slices, command.min_size, command.resamples, command.seed, command.device)
    except HoldsResults:
        results = load(path)
    if "spectra/eigenvalue" not in results:
        raise ValueError(f"{path} holds results without spectra: expected a network, or a file of spectra --out")
    return refit(results, command.resamples, command.seed) if command.refit else results


def table(results: Results) -> str:
    """One line per layer, and which layers the fits complain of; the statuses in full stand in the results.

    Example: ``print(table(statmech.load("data/spectra/lenet.h5")))``
    """
    rows = [_row(results, i) for i in range(len(results["layer"]))]
    widths = [max(len(row[i]) for row in [HEAD, *rows]) for i in range(len(HEAD))]
    left = (0, len(HEAD) - 1)
    lines = [
        "  ".join(
            f"{word:<{w}}" if i in left else f"{word:>{w}}" for i, (word, w) in enumerate(zip(row, widths))
        ).rstrip()
        for row in [HEAD, *rows]
    ]
    complaints: dict[str, list[str]] = {}
    for name, part in (("mp_status", "bulk"), ("tail_status", "tail"), ("phase_status", "phase")):
        for layer, status in zip(results["layer"], results[f"spectra/{name}"]):
            if status != "ok":
                complaints.setdefault(f"{part}, {str(status).partition(':')[0]}", []).append(str(layer))
    lines += [f"{words}: {', '.join(layers)}" for words, layers in complaints.items()]
    if left_out := results.attrs.get("left_out"):
        lines.append(f"left out, fewer than {results.attrs['min_size']} eigenvalues: {left_out}")
    if note := results.attrs.get("note"):
        lines.append(str(note))
    return "\n".join(lines)


def _row(results: Results, i: int) -> tuple[str, ...]:
    def value(name: str, digits: str = "", unknown: str = "-") -> str:
        x = results[f"spectra/{name}"][i]
        return unknown if x != x else f"{x:{digits}}"

    phase = int(results["spectra/phase"][i])
    probability = results["spectra/phase_probability"][i]
    known = results["spectra/alpha_low"][i] == results["spectra/alpha_low"][i]
    return (
        str(results["layer"][i]), f"{value('n')} x {value('m')}", value("slices"), value("Q", ".3g"),
        value("stable_rank", ".4g"), value("sigma", ".4g"), value("lambda_plus", ".4g"), value("num_spikes"),
        value("alpha", ".3f"), f"{value('alpha_low', '.2f')} .. {value('alpha_high', '.2f')}" if known else "-",
        value("xmin", ".4g"), value("D", ".4f"), value("n_tail"),
        f"{results['phase_name'][phase]} ({probability[phase]:.2f})" if phase >= 0 else "-",
    )  # fmt: skip


def draw(results: Results, folder: Path, before: Results | None = None) -> list[Path]:
    """Figures of every layer and of the exponents as PNG and PDF; returns the paths of the PNG files."""
    from statmech import plot

    done = []
    with plot.style("page"):
        done.append(plot.save(plot.layer_exponents(results).figure, folder / "exponents")[0])
    known = {str(name) for name in before["layer"]} if before is not None else set()
    for layer in map(str, results["layer"]):
        figure = plot.network_spectra(results, [layer], before if layer in known else None)
        done.append(plot.save(figure, folder / re.sub(r"[^A-Za-z0-9._-]+", "_", layer), title=layer)[0])
    if before is not None and not known & {str(name) for name in results["layer"]}:
        raise ValueError(f"no layer has the same name before ({', '.join(sorted(known))}) and after training")
    return done
