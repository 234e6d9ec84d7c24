"""counts.h5: the raw counts beside X, of the same samples and genes, for who tests or normalises by counts.

counts (n, g) float64, exact, one compressed chunk a sample; NaN where a gene is not measured, and in the rows of samples whose source gives
no counts (DepMap's TPM, say). Counts of input genes that are one gene of the compendium are summed, as they are for X.
"""

from __future__ import annotations

import h5py
import numpy as np
from numpy.typing import NDArray

from curation.errors import CurationError

COUNTS = "counts.h5"
DATASET = "counts"


class NoCounts(CurationError):
    """There are no raw counts to be kept, or they are not those that X was made of."""


def read_counts(file: h5py.File, name: object, rows: NDArray[np.int64], columns: NDArray[np.int64], build_id: str) -> NDArray[np.float32]:
    """Counts (n, g) of rows and columns of the compendium from the open file, which is called `name`. Raises NoCounts."""
    found = file.attrs["build_id"]
    if found != build_id:
        raise NoCounts(f"{name} is of build {found}, the compendium of {build_id}; build the release again")
    values = np.empty((rows.size, columns.size), np.float32)
    for i, row in enumerate(rows):
        values[i] = file[DATASET][int(row)][columns]
    return values
