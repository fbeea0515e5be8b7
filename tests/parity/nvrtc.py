"""NVRTC, the compiler that CuPy uses, by ctypes: it compiles for any GPU and needs none."""

from __future__ import annotations

import ctypes
import ctypes.util
import sysconfig
from pathlib import Path
from typing import NamedTuple


def library() -> str | None:
    """libnvrtc of the pip package nvidia-cuda-nvrtc-cu12, or of the system; None if there is none."""
    packages = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    found = sorted(path for folder in packages for path in Path(folder).glob("nvidia/*/lib/libnvrtc.so.*"))
    return str(found[0]) if found else ctypes.util.find_library("nvrtc")


SKIP = None if library() else "no libnvrtc: pip install nvidia-cuda-nvrtc-cu12 (Linux, x86-64)"


class Compiled(NamedTuple):
    ptx: bytes
    code: bytes
    """Machine code, empty for a virtual architecture."""
    log: str


class Nvrtc:
    """Compiles CUDA source text."""

    def __init__(self):
        self._library = ctypes.CDLL(library())

    def compile(self, text: str, options: tuple[str, ...]) -> Compiled:
        """Raises RuntimeError with the log."""
        program = ctypes.c_void_p()
        self._call("CreateProgram", ctypes.byref(program), text.encode(), b"kernels.cu", 0, None, None)
        try:
            encoded = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
            failed = self._library.nvrtcCompileProgram(program, len(options), encoded)
            log = self._get(program, "ProgramLog").rstrip(b"\0").decode()
            if failed:
                raise RuntimeError(log)
            return Compiled(self._get(program, "PTX"), self._get(program, "CUBIN"), log)
        finally:
            self._call("DestroyProgram", ctypes.byref(program))

    def _get(self, program: ctypes.c_void_p, what: str) -> bytes:
        size = ctypes.c_size_t()
        self._call(f"Get{what}Size", program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        self._call(f"Get{what}", program, buffer)
        return buffer.raw

    def _call(self, name: str, *args) -> None:
        code = getattr(self._library, f"nvrtc{name}")(*args)
        if code:
            raise RuntimeError(f"nvrtc{name} returned {code}")
