"""How the numbers of `model evaluate` were measured, in words."""

from __future__ import annotations

from modelling.reports.opening import Metrics
from modelling.reports.page import Section, Table


def definitions(metrics: Metrics) -> Section:
    """What exactly each number is."""
    settings = metrics["settings"]
    return Section(
        "How it was measured",
        tables=[
            Table(
                ["what", "how"],
                [
                    [
                        "intervals",
                        f"95%; bootstrap of {settings['bootstraps']:,} draws over studies, donors and patients (seed {settings['seed']}); "
                        "Wilson for shares of one tissue; jackknife over ten folds of groups for the per-gene median; where no draw differs (no error "
                        "was seen, or all samples are of one study) the Wilson intervals of the tissues taken together, groups as trials; "
                        "a tissue without a sample in a draw is no part of that draw's mean",
                    ],
                    [
                        "balanced accuracy",
                        "mean of the recall of every tissue that has test samples; a tissue that the model cannot name counts with recall 0",
                    ],
                    ["F1, MCC", "as scikit-learn defines them, over tissues that occur in labels or calls"],
                    [
                        "R²",
                        "1 minus squared error over squares about the test part's gene means, all measured cells; genes "
                        "standardised with training mean and standard deviation, not clipped; from the posterior mean",
                    ],
                    [
                        "hidden values",
                        f"each measured cell hidden with the stated probability (seed {settings['seed']}), "
                        "the same cells for every method; Spearman pooled over hidden cells",
                    ],
                    ["calibration error", f"{settings['calibration_bins']} bins of equal width over the highest probability"],
                    [
                        "source mixing",
                        f"{settings['k_mixing']} nearest neighbours by cosine among test samples, a third of the samples where that is fewer",
                    ],
                    ["LISI", f"local inverse Simpson index, Gaussian weights of perplexity {settings['perplexity']}"],
                ],
            )
        ],
    )
