"""How well the nearest training samples in the latent space name the tissue: what the space itself holds, without the classifier."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelling.arrays import Floats
from modelling.scores.metrics import classification_scores, draw_groups
from modelling.scores.neighbours import knn_classify
from modelling.studies.held_out import HeldOut


def latent_knn(part: HeldOut, reference_z: Floats, reference_tissue: np.ndarray, seed: int) -> dict[str, Any]:
    """Balanced accuracy of the vote of the five nearest training samples (cosine) in the latent space."""
    number = {name: i for i, name in enumerate(part.classes)}
    target = np.array([number.get(name, -1) for name in reference_tissue])
    known, rows = target >= 0, np.flatnonzero(part.labelled)
    predicted = knn_classify(part.z_nk[rows], reference_z[known], target[known], len(part.classes))
    found = classification_scores(part.truth[rows], predicted, len(part.classes), draw_groups(part.group_id[rows], seed))
    value, interval = found["balanced_accuracy"]
    return {
        "k": 5,
        "n": len(rows),
        "n_reference": int(known.sum()),
        "balanced_accuracy": value,
        "interval": interval,
        "accuracy": found["accuracy"][0],
    }
