"""How values lie in an HDF5 file, and reading them without the library: layout, chunks, inflating, gathering of samples."""
