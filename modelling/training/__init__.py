"""From a compendium to a run folder."""
