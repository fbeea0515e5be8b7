"""Zip archives of strangers: members are read into memory by name, nothing is ever unpacked to disk."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from statmech.io.atomic import StoreError
from statmech.io.networks.limits import Budget

STORED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what numpy, torch and Keras write


@contextmanager
def open_zip(budget: Budget) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose members have plain, different names and fit the budget.

    Raises StoreError for names that leave the archive, that occur twice, for links, encryption, and sizes that the
    file cannot hold.
    """
    with zipfile.ZipFile(budget.path) as archive:
        seen: set[str] = set()
        packed = unpacked = 0
        for member in archive.infolist():
            path = PurePosixPath(member.filename.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
                _refuse(budget, f"its member {member.filename!r} points outside the archive")
            if member.filename in seen:
                _refuse(budget, f"its member {member.filename!r} occurs twice")
            if stat.S_ISLNK(member.external_attr >> 16):
                _refuse(budget, f"its member {member.filename!r} is a link")
            if member.flag_bits & 1:
                _refuse(budget, f"its member {member.filename!r} is encrypted")
            if member.compress_type not in STORED:
                _refuse(budget, f"its member {member.filename!r} has an unknown compression")
            if member.compress_type == zipfile.ZIP_STORED and member.file_size != member.compress_size:
                _refuse(budget, f"its member {member.filename!r} declares {member.file_size} bytes and is another size")
            seen.add(member.filename)
            packed += member.compress_size
            unpacked += member.file_size
        budget.fits(unpacked, "the archive")
        if packed > budget.size:
            _refuse(budget, "its members overlap")
        yield archive


def read_member(archive: zipfile.ZipFile, name: str, budget: Budget) -> bytes:
    """One member; never more bytes than it declares, which open_zip has found to fit."""
    member = archive.getinfo(name)
    with archive.open(member) as stream:
        data = stream.read(member.file_size)
        if len(data) != member.file_size or stream.read(1):
            _refuse(budget, f"its member {name!r} is not as long as it declares")
    return data


def _refuse(budget: Budget, why: str) -> None:
    raise StoreError(f"{budget.path} is not a file that holds a network: {why}: damaged or hostile, get it elsewhere")
