"""How an expression dataset lies in its HDF5 file: axes, chunks, filters, type."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from curation.errors import CurationError
from curation.hdf5.inflate import NATIVE
from profiles.hdf5_guard import dataset_fault

PARTIAL = (
    "bulkatlas_excerpt"  # attribute of a file that holds the chunks of some samples only (curation/excerpt), about what it is a part of
)
CONTIGUOUS_WIDTH = 4096  # samples read at a time from a row of a dataset without chunks


class GatherFault(CurationError):
    """A dataset cannot be read, or holds what no expression matrix holds."""


@dataclass(frozen=True)
class Layout:
    """How one 2-d expression dataset lies in its file."""

    path: Path
    dataset: str
    n_genes: int
    n_samples: int
    samples_axis: int
    chunk_genes: int
    chunk_samples: int
    dtype: np.dtype
    zlib: bool
    shuffle: bool
    native: bool
    contiguous_at: int  # byte of the first value; -1 when chunked
    is_partial: bool = False  # chunks of other samples may be missing

    @classmethod
    def of(cls, path: Path, dataset: str, *, n_genes: int) -> Layout:
        """Look at `dataset` of `path`; the axis of `n_genes` entries is the genes'. Raises GatherFault when there is none, or no numbers."""
        with open_hdf5(path) as file:
            if not isinstance(file.get(dataset), h5py.Dataset):
                raise GatherFault(f"{path.name} has no dataset {dataset}")
            data = file[dataset]
            if why := dataset_fault(data, dataset, records=False, partial=PARTIAL in file.attrs):
                raise GatherFault(f"{path.name}: {why}")
            if data.ndim != 2 or data.dtype.kind not in "uif" or n_genes not in data.shape:
                raise GatherFault(
                    f"{path.name}: {dataset} is {data.dtype} of shape {data.shape}; a matrix of numbers with {n_genes:,} genes on one axis was expected"
                )
            samples_axis = 1 if data.shape[0] == n_genes else 0
            n_samples = int(data.shape[samples_axis])
            filters = data._filters
            at = data.id.get_offset() if data.chunks is None and not data.external and not data.is_virtual else None
            if data.chunks is not None:
                chunk = data.chunks
            elif samples_axis == 1:
                chunk = (1, min(CONTIGUOUS_WIDTH, max(n_samples, 1)))
            else:
                chunk = (1, n_genes)
            known = list(filters) in ([], ["gzip"], ["shuffle", "gzip"], ["shuffle"])
            return cls(
                path=Path(os.path.abspath(path)),  # a worker has another working folder
                dataset=dataset,
                n_genes=n_genes,
                n_samples=n_samples,
                samples_axis=samples_axis,
                chunk_genes=int(chunk[1 - samples_axis]),
                chunk_samples=int(chunk[samples_axis]),
                dtype=data.dtype,
                zlib="gzip" in filters,
                shuffle="shuffle" in filters,
                native=NATIVE
                and known
                and data.dtype.isnative
                and data.dtype.itemsize > 1
                and (data.chunks is not None or at is not None)
                and data.fillvalue == 0,
                contiguous_at=-1 if at is None else int(at),
                is_partial=PARTIAL in file.attrs,
            )


def open_hdf5(path: Path) -> h5py.File:
    """Open for reading. Raises GatherFault."""
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise GatherFault(
            f"{path} cannot be opened as HDF5 ({str(error).splitlines()[0]}); if it was downloaded, fetch it again"
        ) from error
