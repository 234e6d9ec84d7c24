"""Who came from whom: X-derived Y, Y from X, X into Y. Each phrase with the tissue that the cells are and the one that they came from."""

from __future__ import annotations

import pytest
from labelling import label

# phrase | tissue | origin ("" where the text names none, or one of the same tissue)
PHRASES = """
iPSC-derived neurons|brain|stem_cell
neurons derived from iPSC|brain|stem_cell
neurons derived from human induced pluripotent stem cells|brain|stem_cell
iPSC derived from PBMC|stem_cell|blood
iPSCs reprogrammed from fibroblasts|stem_cell|fibroblast
fibroblast-derived iPSC|stem_cell|fibroblast
fibroblast iPSCs|stem_cell|fibroblast
hESC-derived cardiomyocytes|heart|stem_cell
cardiomyocytes differentiated from hESC|heart|stem_cell
hepatocytes generated from embryonic stem cells|liver|stem_cell
iPSC->neurons|brain|stem_cell
iPSC → cardiomyocytes|heart|stem_cell
iPSC (donor 12)-derived motor neurons|spinal_cord|stem_cell
iPSC line 3 derived astrocytes|brain|stem_cell
iPSC neurons|brain|stem_cell
iPS cells differentiated into hepatocytes|liver|stem_cell
hiPSC differentiated to cardiomyocytes day 30|heart|stem_cell
embryonic stem cells differentiated into neurons|brain|stem_cell
ESC differentiated cardiomyocytes|heart|stem_cell
macrophages derived from iPSC|blood|stem_cell
macrophages from iPSCs|blood|stem_cell
iPSC from PBMC|stem_cell|blood
iPSC generated from skin fibroblasts|stem_cell|skin
iPSCs derived from urine of a healthy donor|stem_cell|
bone marrow-derived macrophages|blood|bone_marrow
macrophages derived from bone marrow|blood|bone_marrow
adipose-derived mesenchymal stem cells|stem_cell|
adipose tissue derived stem cells|stem_cell|
mesenchymal stem cells derived from adipose tissue|stem_cell|adipose
mesenchymal stromal cells generated from umbilical cord|stem_cell|placenta
osteoblasts differentiated from mesenchymal stem cells|bone|stem_cell
MSC differentiated into adipocytes|adipose|stem_cell
adipocytes derived from mesenchymal stem cells|adipose|stem_cell
mesenchymal stem cell derived chondrocytes|bone|stem_cell
fibroblasts reprogrammed to neurons|brain|fibroblast
neurons converted from fibroblasts|brain|fibroblast
fibroblasts converted into cardiomyocytes|heart|fibroblast
induced neurons generated from dermal fibroblasts|brain|skin
monocyte-derived macrophages|blood|
monocyte derived dendritic cells|blood|
dendritic cells generated from monocytes|blood|
keratinocyte-derived iPSC|stem_cell|skin
lung fibroblasts derived iPSC|stem_cell|lung
T cell derived iPSC|stem_cell|blood
CD34+ cells derived from iPSC|blood|stem_cell
erythroblasts derived from CD34+ cells|blood|
cord blood-derived iPSC|stem_cell|blood
hESC derived retinal pigment epithelium|eye|stem_cell
RPE derived from human embryonic stem cells|eye|stem_cell
iPSC-derived kidney organoids|kidney|stem_cell
brain organoids derived from iPSC|brain|stem_cell
colon organoids derived from patient tissue|colon|
lung fibroblasts|lung|
fibroblasts derived from lung|lung|
skin-derived fibroblasts|skin|
fibroblasts derived from skin biopsy|skin|
T cells isolated from blood|blood|
T cells from lymph node|lymphoid|
macrophages isolated from lung tissue|lung|
endothelial cells derived from iPSC|blood_vessel|stem_cell
iPSC-derived endothelial cells|blood_vessel|stem_cell
microglia derived from iPSCs|brain|stem_cell
iPSC derived microglia-like cells|brain|stem_cell
neural progenitor cells derived from H9|brain|stem_cell
H9-derived neural progenitors|brain|stem_cell
WTC11 iPSC derived cardiomyocytes|heart|stem_cell
cardiomyocytes (iPSC-derived, donor 4)|heart|stem_cell
neurons made from induced pluripotent stem cells of a patient|brain|stem_cell
tumour-derived organoids of colon|colon|
patient-derived xenograft of breast cancer|breast|
breast cancer patient-derived xenograft|breast|
undifferentiated hESC|stem_cell|
human iPSC clone 4|stem_cell|
pancreatic beta cells differentiated from hESC|pancreas|stem_cell
hESC-derived pancreatic progenitors|pancreas|stem_cell
hiPSC-derived hepatocyte-like cells day 20|liver|stem_cell
H9-derived cardiomyocytes D30|heart|stem_cell
NPCs differentiated from hESC|brain|stem_cell
Hepatocytes differentiated from H1 ESC|liver|stem_cell
induced motor neurons (direct conversion from fibroblasts)|spinal_cord|fibroblast
cerebral organoid day 90 derived from WTC11 iPSC|brain|stem_cell
iPSC-CM, patient 3, clone 2|heart|
iPSC-MN C9orf72 line 29|spinal_cord|
lung adenocarcinoma brain met|brain|lung
primary colorectal tumor, patient with liver metastases|colon|
"""
# Y is what the cells are: the head noun, or what X was turned into. "Derived from", "generated from", "from" with pluripotent cells, "->" and
# "differentiated into" name X. Fibroblasts of a named organ are the organ (policy), so "fibroblasts derived from lung" is lung. "T cells isolated
# from blood" tells where they lay, not what they were made of. Organoids and xenografts have no tissue but that of their source.


def rows() -> list[tuple[str, str, str]]:
    return [tuple(line.split("|")) for line in PHRASES.strip().splitlines()]  # type: ignore[misc]


@pytest.fixture(scope="module")
def labels() -> dict[str, dict[str, object]]:
    return label([{"sample_id": text, "source_name": text} for text, _, _ in rows()])


def test_there_are_enough_of_them() -> None:
    assert len(set(rows())) >= 60


@pytest.mark.parametrize(("text", "tissue", "origin"), rows())
def test_the_tissue_is_what_the_cells_are_and_the_origin_is_kept(labels, text: str, tissue: str, origin: str) -> None:
    row = labels[text]
    assert (row["tissue"], row["origin_tissue"] or "") == (tissue, origin)


@pytest.mark.parametrize(
    ("texts", "tissue", "origin"),
    [
        # the donor's tissue stands in a field of its own
        ({"characteristics": "tissue: PBMC,cell type: iPSC"}, "stem_cell", "blood"),
        (
            {"source_name": "Peripheral Blood Mononuclear Cells", "characteristics": "cell type: iPSC,cell line: 12345A"},
            "stem_cell",
            "blood",
        ),
        ({"characteristics": "tissue: skin,cell type: induced pluripotent stem cells"}, "stem_cell", "skin"),
        ({"characteristics": "tissue: skin fibroblast,cell type: iPSC"}, "stem_cell", "skin"),
        ({"characteristics": "tissue: blood,cell type: iPSC-derived neurons"}, "brain", "blood"),
        ({"characteristics": "tissue: skin biopsy,cell type: iPSC-derived cardiomyocytes"}, "heart", "skin"),
        ({"characteristics": "isolate: iPS cells derived from patient,tissue: skin"}, "stem_cell", "skin"),
        # differentiated cells are what they became, in whatever field that is said
        ({"source_name": "hiPSC", "characteristics": "cell type: neurons"}, "brain", "stem_cell"),
        ({"source_name": "iPSC", "title": "differentiation day 30", "characteristics": "tissue: heart"}, "heart", "stem_cell"),
    ],
)
def test_what_stands_beside_remade_cells_is_their_origin(texts: dict[str, str], tissue: str, origin: str) -> None:
    row = label([texts])["S0"]
    assert (row["tissue"], row["origin_tissue"]) == (tissue, origin)
    assert not row["is_cell_line"]
