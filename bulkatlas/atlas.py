"""A release in Python: its samples, their expression, and why each is labelled as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulkatlas.labels import as_kind

if TYPE_CHECKING:
    from anndata import AnnData

    from bulkatlas.torch_data import BlockShuffled, Rows
    from curation.explain import Life
    from curation.query.expression import Expression
    from curation.query.samples import Selection
    from curation.remote.place import Place
    from curation.remote.ranges import Traffic


@dataclass(frozen=True)
class Atlas:
    """One release. Build it with `bulkatlas.open`.

    place: its folder or address; build_id: what it is made of; n_samples and n_genes of its matrix; unit of X, such as `log2(TPM+1)`. A release
    that holds labels only has the samples that the matrix would have, no genes, and an empty unit.

    Samples are chosen alike in every method: `query` holds conditions as `curate query` reads them ("tissue=brain, sex=female"), keywords
    are conditions too (tissue="brain", age="20..40", cell_type="T cell"; a list gives alternatives), and `where` is a condition in SQL
    over the view `samples` (docs/reference/query.md). All must hold. `exact=True` leaves out what lies below a term.
    """

    place: Place
    build_id: str
    n_samples: int
    n_genes: int
    unit: str

    @classmethod
    def open(cls, release: str | Path) -> Atlas:
        """See `bulkatlas.open`."""
        from curation.matrix.opened import Compendium
        from curation.query.samples import n_in_matrix
        from curation.release import LABELS_OF, read_manifest
        from curation.remote.place import place_of

        place = place_of(release)
        manifest = read_manifest(place)
        if LABELS_OF in manifest:
            return cls(place, str(manifest["build_id"]), n_in_matrix(place), 0, "")
        data = Compendium.open(place)
        return cls(place, str(manifest["build_id"]), *data.shape, data.unit)

    @property
    def traffic(self) -> Traffic | None:
        """What was moved until now of a release behind HTTP (`n_bytes`, `n_requests`, `n_retries`); None for a folder.

        >>> import bulkatlas
        >>> bulkatlas.open("release").traffic is None
        True
        """
        from curation.remote.place import Remote

        return self.place.traffic if isinstance(self.place, Remote) else None

    def samples(
        self, query: str = "", *, where: str = "", exact: bool = False, outside: bool = False, kind: str = "arrow", **fields: Any
    ) -> Any:
        """The chosen samples, one row each, in the order of the matrix: the columns of the view `samples`.

        Args: outside, also samples that are not in the matrix (their `row` is null); kind, `arrow`, `polars` or `pandas`.

        >>> import bulkatlas
        >>> atlas = bulkatlas.open("release")
        >>> atlas.samples(tissue="liver", source="gtex", kind="pandas")[["tissue", "source"]].drop_duplicates().values.tolist()
        [['liver', 'gtex']]
        >>> atlas.samples("tissue=liver|lung", where="split = 'test'", kind="polars")["tissue"].unique().sort().to_list()
        ['liver', 'lung']

        Raises bulkatlas.Error for a name that means nothing here (with the nearest), and where no sample is left (with the condition that
        emptied the answer).
        """
        return as_kind(self._select(query, fields, where=where, exact=exact, outside=outside).samples, kind)

    def get_anndata(
        self,
        query: str = "",
        *,
        genes: Sequence[str] | None = None,
        layer: str | None = None,
        where: str = "",
        exact: bool = False,
        **fields: Any,
    ) -> AnnData:
        """The chosen samples (n) and genes (g, in the order given; all without `genes`) as AnnData, held in memory.

        X is float32 (n, g) in the unit of the release, or without its logarithm with layer="tpm" ("cpm" where the release is in CPM), or raw
        counts with layer="counts" where the release has them (exact up to 16,777,216; NaN where a source gives none); obs and var are those
        of the compendium. Genes are named by symbol, earlier symbol, alias, Ensembl, HGNC or Entrez id.

        >>> import bulkatlas
        >>> adata = bulkatlas.open("release").get_anndata(tissue="liver", genes=["A1CF", "ENSG00000121410"])
        >>> adata.n_obs > 4, list(adata.var_names), sorted(set(adata.obs["tissue"]))
        (True, ['A1CF', 'A1BG'], ['liver'])

        Raises bulkatlas.Error as `samples` does, for a gene that the release does not hold, and for a release of labels only.
        """
        import json

        import anndata

        values = self._values(self._select(query, fields, where=where, exact=exact), genes, layer)
        obs = values.obs.copy()
        for name in obs.select_dtypes("category"):
            obs[name] = obs[name].cat.remove_unused_categories()
        asked = {"conditions": _written(query, fields), "where": where, "exact": exact, "layer": values.layer}
        uns = values.data.uns | {"query": json.dumps(asked, sort_keys=True)}
        return anndata.AnnData(values.values(), obs=obs, var=values.var.copy(), uns=uns)

    def explain(self, sample_id: str) -> Life:
        """All that the build knows of one sample: its words, every proposal of a label, the decision, its split, its row. `str()` tells it.

        >>> import bulkatlas
        >>> life = bulkatlas.open("release").explain("GSM0001")
        >>> life.label["tissue"], life.label["decided_by"]
        ('liver', 'tissue')

        Raises bulkatlas.Error with the nearest ids where there is no such sample.
        """
        from curation.explain import explain

        return explain(self.place, sample_id)

    def torch_dataset(
        self,
        query: str = "",
        *,
        target: str = "tissue",
        genes: Sequence[str] | None = None,
        block: int | None = None,
        seed: int = 0,
        where: str = "",
        exact: bool = False,
        **fields: Any,
    ) -> Rows | BlockShuffled:
        """The chosen samples for a `torch.utils.data.DataLoader`: items are (x (g) float32, index of the target's class).

        Args: target, a column of obs; `dataset.classes` names its values in order, and -1 is an empty one; block, without it the dataset is
        map-style (any sampler, random rows), with it an iterable one that reads `block` neighbouring rows at once, in an order drawn from
        `seed` and `dataset.set_epoch(n)`, and shares the blocks out between workers. Both go to workers under spawn: a worker opens the
        file itself, and nothing of X is copied to it.

        >>> import bulkatlas
        >>> dataset = bulkatlas.open("release").torch_dataset(split="train")
        >>> x, target = dataset[0]
        >>> x.shape, dataset.classes[target] in dataset.classes
        (torch.Size([58]), True)

        Raises bulkatlas.Error as `samples` does, and where PyTorch is not installed.
        """
        from bulkatlas.extras import torch_is_there

        torch_is_there()
        from bulkatlas.torch_data import BlockShuffled, Rows, Table

        values = self._values(self._select(query, fields, where=where, exact=exact), genes, None)
        table = Table.of(values, target)
        return Rows(table) if block is None else BlockShuffled(table, block, seed)

    def _select(self, query: str, fields: dict[str, Any], *, where: str, exact: bool, outside: bool = False) -> Selection:
        from curation.query.samples import select

        return select(self.place, _written(query, fields), where=where, exact=exact, outside=outside)

    def _values(self, found: Selection, genes: Sequence[str] | None, layer: str | None) -> Expression:
        import numpy as np

        from curation.query.expression import expression

        return expression(self.place, np.asarray(found.samples["row"].to_numpy(), np.int64), genes, layer)


def _written(query: str, fields: dict[str, Any]) -> str:
    """Conditions given as keywords, as a query has them."""
    values = {name: "|".join(map(str, value)) if isinstance(value, list | tuple | set) else str(value) for name, value in fields.items()}
    return ", ".join([*([query] if query else []), *(f'{name}="{value}"' for name, value in values.items())])
