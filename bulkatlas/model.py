"""A trained model in Python: predictions, embeddings and reconstructed genes of anyone's samples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulkatlas.filled import column, target

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from modelling.bundle.model import TissueModel
    from modelling.predicting.predict import PredictedBlock, Predictor

PREFIX = "predicted_"
LATENT, PROBABILITY, KEY = "X_bulkatlas", "bulkatlas_probability", "bulkatlas"


@dataclass(frozen=True)
class Model:
    """A model that `model train` or `model export` wrote. Build it with `bulkatlas.load_model`.

    `source` is in every method an AnnData, a pandas frame (samples or genes in rows), or the path of a table in any format that
    `model predict` reads; `options` are unit, layout, layer, samples, annotation and min_coverage, as in docs/reference/tables.md.
    """

    path: Path
    inner: TissueModel

    @classmethod
    def load(cls, path: str | Path, device: str = "cpu") -> Model:
        """See `bulkatlas.load_model`."""
        from modelling.bundle.model import load

        return cls(Path(path), load(path, device))

    @property
    def tissues(self) -> list[str]:
        """The t classes, in the order of probabilities."""
        return list(self.inner.tissues)

    @property
    def genes(self) -> list[str]:
        """Symbols of the g genes."""
        return list(self.inner.genes)

    def predict(self, source: Any, *, without_reference: bool = False, **options: Any) -> AnnData:
        """Tissue of every sample. An AnnData is filled, and returned; for other sources a new one without X is made.

        obs gets `predicted_tissue`, `predicted_probability`, `predicted_unsure`, ... (the columns of `model predict`); obsm `X_bulkatlas`
        (n, k), the posterior means, and `bulkatlas_probability` (n, t); uns["bulkatlas"] the tissues, the model, and what was found and done
        (unit, genes, warnings). Samples with too few genes have NaN. `without_reference`: for a model without its reference samples, which
        then says nothing about how sure it is.

        >>> import bulkatlas
        >>> adata = bulkatlas.load_model("run").predict("mine.h5ad")
        >>> adata.obsm["bulkatlas_probability"].shape, bool((adata.obs["predicted_tissue"] == adata.obs["predicted_tissue"]).all())
        ((360, 6), True)

        Raises bulkatlas.Error for a table that cannot be read, or whose genes or unit cannot be told.
        """
        import numpy as np

        predictor, blocks, report = self._blocks(source, options, without_reference=without_reference)
        import polars as pl

        held = list(blocks)
        table = pl.concat([predictor.table(block) for block in held])
        refused = np.concatenate([block.refused for block in held])[:, None]
        data = target(source, table["sample_id"].to_list())
        for name in table.columns[1:]:
            data.obs[PREFIX + name] = column(table[name])
        data.obsm[LATENT] = np.where(refused, np.float32(np.nan), np.concatenate([block.z_nk for block in held]))
        data.obsm[PROBABILITY] = np.where(refused, np.float32(np.nan), np.concatenate([block.probability_nt for block in held]))
        data.uns[KEY] = {"model": str(self.path), "tissues": np.array(self.tissues, dtype=object), "report": json.dumps(report())}
        return data

    def embed(self, source: Any, **options: Any) -> pd.DataFrame:
        """Posterior means (n, k), one row per sample, columns z1, z2, ...; NaN for samples with too few genes.

        >>> import bulkatlas
        >>> model = bulkatlas.load_model("run")
        >>> model.embed("mine.h5ad").shape == (360, model.inner.n_latent)
        True
        """
        import numpy as np
        import pandas as pd

        _, blocks, _ = self._blocks(source, options, without_reference=True)
        parts = [
            pd.DataFrame(np.where(block.refused[:, None], np.float32(np.nan), block.z_nk), pd.Index(block.sample_ids, name="sample_id"))
            for block in blocks
        ]
        whole = pd.concat(parts)
        whole.columns = pd.Index([f"z{k + 1}" for k in range(whole.shape[1])])
        return whole

    def impute(self, source: Any, *, with_sd: bool = False, **options: Any) -> Any:
        """All genes of the model (n, g), in its unit (`model.inner.unit`), not below zero: missing ones as the measured ones let expect them,
        measured ones as the model restores them. `with_sd`: a pair, the second frame holds the standard deviation of each value.

        >>> import bulkatlas
        >>> genes = bulkatlas.load_model("run").impute("mine.h5ad")
        >>> len(genes), bool((genes >= 0).all(axis=None))
        (360, True)
        """
        import pandas as pd

        from modelling.commands.predict import every_gene

        _, blocks, _ = self._blocks(source, options, without_reference=True, impute=True)
        frames: list[tuple[Any, Any]] = []
        for block in blocks:
            index = pd.Index(block.sample_ids, name="sample_id")
            values, sd = (pd.DataFrame(part, index, self.genes) for part in every_gene(block))
            frames.append((values, sd if with_sd else None))
        values = pd.concat([part for part, _ in frames])
        return (values, pd.concat([part for _, part in frames])) if with_sd else values

    def compare(self, source: Any, *, normals: str | Path | None = None, tissue: str = "", fdr: float = 0.05, **options: Any) -> AnnData:
        """Each sample against the closest normal of its tissue, as `model compare` does: a new AnnData (n, g) of the model's genes.

        X is what was observed, in log2 values; layers `expected`, `difference`, `standard_error`, `p_value`, `fdr`; obs the columns of samples.tsv
        (`status` says why a sample was not compared: its values are NaN). `normals`: a compendium whose normal samples are compared with; without
        it those that `model normals` put into the run. `tissue`: compare with this one, whatever the model says.

        >>> import bulkatlas
        >>> found = bulkatlas.load_model("run").compare("mine.h5ad", normals="mine.h5ad")
        >>> found.shape, sorted(found.layers)
        ((360, 1500), ['difference', 'expected', 'fdr', 'p_value', 'standard_error'])

        Raises bulkatlas.Error where there are no normal samples, or none of `tissue`.
        """
        from modelling.commands.compare import comparer, in_anndata, sample_table
        from modelling.predicting.cohort import read_cohort

        with comparer(self.inner, self.path, None if normals is None else Path(normals), tissue) as comparing:
            found = list(comparing.samples(read_cohort(source, comparing.predictor.space, **options)))
        return in_anndata(found, self.genes, sample_table(found, fdr))

    def _blocks(
        self, source: Any, options: dict[str, Any], *, without_reference: bool, impute: bool = False
    ) -> tuple[Predictor, Iterator[PredictedBlock], Any]:
        """The predictor, its blocks, and the report, which is whole once they are read."""
        from modelling.predicting.cohort import read_cohort
        from modelling.predicting.predict import Predictor

        predictor = Predictor.of(self.inner, without_reference=without_reference)
        cohort = read_cohort(source, predictor.space, **options)
        return predictor, predictor.blocks(cohort, impute=impute), cohort.report.as_dict
