"""What other people's tables mean: names of genes, units, layouts and readers, for curation and modelling alike; imports neither."""

import os

__version__ = "0.1.0"

# HDF5 opens no file, not even to read, where the file system has no locks (NFS, Lustre without -o flock). What this program writes lies aside, under
# its own lock, until it is whole (aside.py, lock.py). The library looks once, when it is loaded; who set the variable is heeded.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")
