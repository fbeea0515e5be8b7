"""Figures on disk: PNG and PDF, the same bytes for the same picture."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from statmech.io.atomic import write_bytes

DPI = 200


def save(fig: Figure, path: str | Path, title: str | None = None) -> tuple[Path, Path]:
    """Write <path>.png (200 dpi) and <path>.pdf with title and creator inside; returns both paths.

    path: without suffix; a final .png or .pdf is dropped.  Missing folders are made.  title: default the figure's
    suptitle, then the title of its first axes, then the file name.  No date is written, so the same picture gives
    the same bytes; each file is whole or absent.  The fonts are embedded as outlines that an editor can read.

    Raises TypeError if `fig` is no Figure, OSError if the disk is full.

    Example: ``statmech.plot.save(statmech.plot.curves("results.h5", "e").figure, "figures/energy")``
    """
    from statmech import __version__

    if not isinstance(fig, Figure):
        raise TypeError(f"fig = {fig!r}: expected a matplotlib Figure, such as ax.figure")
    path = Path(path)
    if path.suffix in (".png", ".pdf"):
        path = path.with_suffix("")
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [fig.get_suptitle(), *(ax.get_title() for ax in fig.axes), path.name]
    about = {"Title": title or next(text for text in texts if text), "Creator": f"statmech {__version__}"}
    # Constrained layout holds everything inside; without it, what stands outside the axes would be cut off.
    box = None if fig.get_layout_engine() is not None else "tight"
    out = []
    for suffix, extra in ((".png", {}), (".pdf", {"CreationDate": None, "ModDate": None})):
        buffer = BytesIO()
        with mpl.rc_context({"pdf.fonttype": 42, "hatch.linewidth": 0.5}):
            fig.savefig(buffer, format=suffix[1:], dpi=DPI, bbox_inches=box, metadata={**about, **extra})
        target = path.with_name(path.name + suffix)
        write_bytes(target, buffer.getbuffer())
        out.append(target)
    return out[0], out[1]
