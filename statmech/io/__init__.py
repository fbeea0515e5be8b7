"""Files: crash-safe sweep directories, labelled HDF5, matrices of others.  The only importer of h5py."""

from statmech.io.atomic import StoreError
from statmech.io.labelled import read_labelled, write_labelled
from statmech.io.load import load
from statmech.io.matrices import read_pairs, read_patterns

__all__ = ["StoreError", "load", "read_labelled", "read_pairs", "read_patterns", "write_labelled"]
