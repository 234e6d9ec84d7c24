"""From the sources' matrices to compendium.h5ad: plan, gather, normalise, write, read back; in bounded memory."""
