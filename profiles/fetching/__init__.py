"""Files over HTTP, fetched whole: resumed, retried, and held against what was published."""
