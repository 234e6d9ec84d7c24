"""Numbers that say how good something is, each from arrays alone."""
