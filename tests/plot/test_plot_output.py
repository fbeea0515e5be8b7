"""PNG and PDF on disk: both written, named as asked, the same bytes for the same picture."""

from __future__ import annotations

import re

import matplotlib as mpl
import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest
from plot_results import handmade

import statmech
from statmech import plot


def picture(results, **options):
    return plot.curves(results, "e", theory=False, where={"alpha": 0.05}, **options).figure


def test_png_and_pdf_with_title_and_creator(known, tmp_path):
    png, pdf = plot.save(picture(known), tmp_path / "new" / "energy.v1", title="Energy of the model")
    assert (png, pdf) == (tmp_path / "new" / "energy.v1.png", tmp_path / "new" / "energy.v1.pdf")
    image = matplotlib.image.imread(png)
    assert image.shape[:2] == (578, 680)  # 3.4 in x 2.89 in at 200 dpi
    head, text = png.read_bytes()[:4000], pdf.read_bytes()
    assert b"Energy of the model" in head and f"statmech {statmech.__version__}".encode() in head
    assert b"/Title (Energy of the model)" in text and f"/Creator (statmech {statmech.__version__})".encode() in text
    assert not re.search(rb"/(CreationDate|ModDate)", text)
    assert b"/FontFile2" in text and b"/Type3" not in text  # TrueType outlines
    assert {p.name for p in png.parent.iterdir()} == {"energy.v1.png", "energy.v1.pdf"}


def test_same_picture_same_bytes(known, tmp_path):
    first = [p.read_bytes() for p in plot.save(picture(known), tmp_path / "a", title="x")]
    again = [p.read_bytes() for p in plot.save(picture(handmade()), tmp_path / "b.png", title="x")]
    assert first == again
    moved = handmade()
    moved["e_mean"][1, 2, 0] += 0.05  # witness: another number, other bytes
    other = [p.read_bytes() for p in plot.save(picture(moved), tmp_path / "c.pdf", title="x")]
    assert other[0] != first[0] and other[1] != first[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pdf", "a.png", "b.pdf", "b.png", "c.pdf", "c.png"]


CALLS = {
    "phase_diagram": lambda results: plot.phase_diagram(results, theory=False),
    "curves": lambda results: plot.curves(results, "e", theory=False),
    "tempering_flow": lambda results: plot.tempering_flow(results, where={"alpha": 0.05}),
    "history": lambda results: plot.history(results, T=0.4, alpha=0.05),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_callers_settings_do_not_leak_in(known, name):
    known["status"][:, 1] = 4  # hatching and open points
    odd = {"font.family": "monospace", "xtick.direction": "out", "font.size": 20, "ytick.labelsize": 3}
    images = []
    for settings in ({}, odd):
        with mpl.rc_context(settings):  # while it is made, and when it is drawn
            figure = CALLS[name](known).figure
            figure.canvas.draw()
            images.append(np.asarray(figure.canvas.buffer_rgba()))
    with plot.style():
        figure = CALLS[name](known).figure
        figure.canvas.draw()
        images.append(np.asarray(figure.canvas.buffer_rgba()))
    assert all(np.array_equal(images[0], image) for image in images[1:])


def test_title_from_the_figure(known, tmp_path):
    figure = picture(known)
    assert b"/Title (energy)" not in plot.save(figure, tmp_path / "energy")[1].read_bytes()  # the axes have one
    figure.suptitle("All energies")
    assert b"/Title (All energies)" in plot.save(figure, tmp_path / "energy")[1].read_bytes()
    bare, ax = plt.subplots()
    ax.plot([0, 1])
    assert b"/Title (line)" in plot.save(bare, tmp_path / "line")[1].read_bytes()


def test_not_a_figure(known, tmp_path):
    with pytest.raises(TypeError, match=r"expected a matplotlib Figure, such as ax\.figure"):
        plot.save(plot.curves(known, "e", theory=False), tmp_path / "x")


def test_a_full_disk_leaves_the_old_files(known, tmp_path, monkeypatch):
    old = [p.read_bytes() for p in plot.save(picture(known), tmp_path / "a")]

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("statmech.io.atomic.os.write", full)
    with pytest.raises(OSError, match="No space left"):
        plot.save(plot.phase_diagram(known, theory=False).figure, tmp_path / "a")
    assert [(tmp_path / f"a.{s}").read_bytes() for s in ("png", "pdf")] == old and len(list(tmp_path.iterdir())) == 2
