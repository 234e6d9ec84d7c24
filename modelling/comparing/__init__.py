"""One sample against the normal samples of its tissue."""
