"""An atlas of human bulk RNA-seq for people who write Python: a release, labels for one's own table, and a tissue model.

    import bulkatlas

    atlas = bulkatlas.open("release")
    liver = atlas.get_anndata(tissue="liver", genes=["ALB", "CYP3A4"])
    labels = bulkatlas.label(my_samples)
    predicted = bulkatlas.load_model("run").predict("my_counts.tsv")

Everything heavy is imported where it is used. What is wrong with the input is told by `bulkatlas.Error`. docs/reference/python.md has more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.errors import BulkatlasError as Error

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from bulkatlas.atlas import Atlas
    from bulkatlas.model import Model

__all__ = ["Error", "label", "load_model", "open"]


def open(release: str | Path) -> Atlas:
    """A release folder, as `curate build --out` wrote it, or its http(s) address; nothing of its matrix is read before it is asked for.

    Of a release behind HTTP only what is asked for is moved, in blocks that are held against the checksums of its manifest and stay on this
    disk (docs/reference/query.md); `atlas.traffic` counts it.

    >>> atlas = open("release")
    >>> atlas.n_genes, atlas.unit
    (58, 'log2(CPM+1)')

    Raises Error where the folder holds no release.
    """
    from bulkatlas.atlas import Atlas

    return Atlas.open(release)


def label(samples: Any, *, id: str | None = None, text: list[str] | None = None, ontology: str | Path | None = None) -> Any:
    """Tissue, ontology terms and what decided them for any table about samples: one row each, in the order of sample ids.

    Args: samples, a pandas or polars frame or an Arrow table with an id column and any of title, source_name, characteristics, description
    (or others, named by `id` and `text`); ontology, a folder with rules of one's own.
    Returns the same kind of table. The columns are those of `curate label` (docs/reference/labels.md).

    >>> import polars as pl
    >>> mine = pl.DataFrame({"sample_id": ["a", "b"], "title": ["human liver, donor 1", "cortex of brain"]})
    >>> label(mine, ontology="ontology").select("sample_id", "tissue", "term_id").rows()
    [('a', 'liver', 'UBERON:0002107'), ('b', 'brain', 'UBERON:0000956')]

    Raises Error where there is no text to label, or no id.
    """
    from bulkatlas.labels import label_frame

    return label_frame(samples, id=id, text=text, ontology=ontology)


def load_model(path: str | Path, device: str = "cpu") -> Model:
    """A trained run or an exported bundle, for `predict`, `embed` and `impute`.

    >>> model = load_model("run")
    >>> model.tissues
    ['brain', 'colon', 'heart', 'liver', 'lung', 'spinal_cord']

    Raises Error where the folder holds no model, or where another device than the CPU is asked for and PyTorch is not installed.
    """
    from bulkatlas.model import Model

    return Model.load(path, device)
