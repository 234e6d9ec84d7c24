"""The figures and tables of the published study in their order: title, our command and pictures, and why our numbers may differ from its."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Words:
    """pictures: (step's folder, figure, caption); needs: what may have been left out; why: a sentence."""

    command: str
    why: str
    pictures: tuple[tuple[str, str, str], ...] = ()
    needs: tuple[str, ...] = field(default=())


FIGURES = {
    "compendium": "The compendium",
    "figure1": "Figure 1: the latent space",
    "figure2": "Figure 2: tissue by tissue",
    "figure3": "Figure 3: restoring expression and hidden values, denoising beside standard",
    "figure4": "Figure 4: an outside cohort",
    "figure5": "Figure 5: simpler methods and single-cell models",
    "figure6": "Figure 6: other models on the outside cohort",
    "table2": "Table 2: three sizes of the training part",
    "figureS1": "Figure S1: what is mistaken for what",
    "figureS2": "Figure S2: every gene",
    "figureS3": "Figure S3: cell lines in or out, capped or not",
}

WHY = {
    "compendium": Words(
        "`curate build`; its funnel is the first picture",
        "the published compendium was taken from ARCHS4, TCGA and GTEx with labels that were not published; "
        "here every label is a row with its evidence, and this compendium may hold other sources or fewer samples.",
        (("evaluation", "funnel", "Samples that pass each step of the build."),),
    ),
    "figure1": Words(
        "`model evaluate` (figures/map_tissue, figures/map_source)",
        "a map has no score, and the paper's text says only that source effects are secondary to tissue; mixing depends on which sources hold which tissues. "
        "Ours is drawn from posterior means of the test part.",
        (
            ("evaluation", "map_tissue", "Test samples in the latent space, by tissue and organ system."),
            ("evaluation", "map_source", "The same map by source."),
        ),
    ),
    "figure2": Words(
        "`model evaluate --across study` (figures/tissue_accuracy); across studies stands first",
        "published: 85/15 by sample, so samples of one study stand on both sides, and the epoch was chosen on the test part. "
        "Here parts are split by study, donor or patient, a validation part "
        "makes every choice, and with whole studies left out no sample of theirs taught the head.",
        (
            ("evaluation", "across", "Each left out in turn, and the archives that the head knows."),
            ("evaluation", "tissue_accuracy", "Recall of every tissue with its Wilson interval."),
        ),
        ("across",),
    ),
    "figure3": Words(
        "`model evaluate RUN --also-standard` (figures/reconstruction, figures/imputation, figures/models)",
        "published: a sigmoid decoder on z-scores, whose R² cannot pass 0.42, imputation on 500 samples. Here a linear decoder, unclipped "
        "values, the whole test part, the same hidden cells for every model, and simple imputers beside it.",
        (
            ("evaluation", "reconstruction", "Rank correlation of measured and restored values, denoising beside standard."),
            ("evaluation", "imputation", "Hidden values restored, denoising beside standard and simple imputers."),
            ("evaluation", "models", "Denoising beside standard, score by score."),
        ),
    ),
    "figure4": Words(
        "`model transfer` (figures/calls)",
        "published: 734 paediatric tumours of TARGET, scaled within the cohort, counted leniently. Here each sample is read by itself, "
        "the null of always answering the largest class stands beside it, "
        "and where no cohort was given a source that the run never saw stands in for one: then it is another question.",
        (("transfer", "calls", "What the samples of each category were called, counted both ways."),),
        ("transfer",),
    ),
    "figure5": Words(
        "`model baselines RUN COMPENDIUM --embedding scGPT=FILE` (figures/methods)",
        "the published comparison is with kNN on variable genes and with single-cell models without training on bulk samples; "
        "we add the linear classifiers that it left out. An embedding is drawn only where its file is given.",
        (("baselines", "methods", "5a: balanced accuracy of every method. 5b: against the dimensions, every dot with its name."),),
    ),
    "figure6": Words(
        "`model transfer RUN RUN2 COHORT --embedding BulkFormer=FILE`, and `model evaluate --embedding` for the test part",
        "the published figure sets BulkFormer's embeddings beside the model by the vote of five neighbours. "
        "Here every contestant names the same samples; the embedding's file is to be given.",
        (
            ("transfer", "transfer", "Share of each category that each contestant names right."),
            *(("transfer", f"calls_{i}", f"Where the samples went, by the contestant number {i}.") for i in (2, 3, 4)),
        ),
        ("transfer",),
    ),
    "table2": Words(
        "`model scale --cohort FILE`",
        "published: three compendia of growing size; the abstract says that reconstruction improved with each, with diminishing returns. "
        "Here nested parts of one compendium with one test part and several seeds, "
        "so that size is all that differs; seconds and memory are of this machine, and memory holds the process, PyTorch in it.",
        (("scale", "scale", "Every training a dot."),),
    ),
    "figureS1": Words(
        "`model evaluate` (figures/confusion)",
        "it is a table of counts of another test part.",
        (("evaluation", "confusion", "Rows: label; columns: call; number: samples."),),
    ),
    "figureS2": Words(
        "`model evaluate RUN --also-standard` (figures/genes)",
        "published for other genes, of which near-constant ones were dropped with the test part's help.",
        (("evaluation", "genes", "Every gene: how variable it is, and how well each model restores it."),),
    ),
    "figureS3": Words(
        "`model ablate --cell-lines --cap N --cohort FILE`",
        "published: a model with cell lines and one without, of different size. "
        "Here both arms have equal numbers of every tissue, and each is asked about the cohort too.",
        (("ablation", "ablation", "Every training a dot; a line joins the two of one seed."),),
        ("cell lines", "ablation"),
    ),
}
