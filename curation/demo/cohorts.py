"""The parts of the world with their own tissue columns: GTEx donors, TCGA patients, DepMap models."""

from __future__ import annotations

import random

from curation.demo.anatomy import TcgaStudy, cell_lines, gtex_tissues, tcga_studies, tissues
from curation.demo.sample import FEMALE_ONLY, MALE_ONLY, DemoSample, sex_for

TISSUES_OF_A_DONOR = 11


def gtex_samples(n_samples: int, rng: random.Random) -> list[DemoSample]:
    """Donors that gave about eleven tissues each; the site is the stated tissue."""
    sites = list(gtex_tissues())
    samples: list[DemoSample] = []
    donor = 0
    while len(samples) < n_samples:
        donor += 1
        sex = rng.choice(("Female", "Male"))
        age = rng.randint(21, 70)
        allowed = [site for site in sites if site.tissue not in (MALE_ONLY if sex == "Female" else FEMALE_ONLY)]
        drawn = sorted({rng.choices(allowed, [site.share for site in allowed])[0].smtsd for _ in range(TISSUES_OF_A_DONOR)})
        for number, smtsd in enumerate(drawn[: n_samples - len(samples)]):
            site = next(item for item in sites if item.smtsd == smtsd)
            is_line = smtsd == "Cells - EBV-transformed lymphocytes"
            samples.append(
                DemoSample(
                    sample_id=f"GTEX-SIM{donor:02d}-{rng.randint(0, 29):02d}{number % 10}6-SM-{rng.randint(4, 9)}{donor:02d}{number:02d}",
                    source="gtex",
                    kind="cell line" if is_line else "tissue",
                    tissue=site.tissue,
                    stated_tissue="" if is_line else site.tissue,
                    batch="gtex",
                    donor_id=f"GTEX-SIM{donor:02d}",
                    cell_line="EBV-transformed lymphocytes" if is_line else "",
                    region=smtsd,
                    sex=sex,
                    age=age,
                    extra_programmes=site.extra_programmes,
                    title=smtsd,
                )
            )
    return samples


def tcga_samples(n_samples: int, rng: random.Random) -> list[DemoSample]:
    """Primary tumours, some with normal tissue of the same patient; the disease gives the stated tissue."""
    studies = list(tcga_studies())
    scale = n_samples / sum(study.tumours + study.normals for study in studies)
    samples: list[DemoSample] = []
    for centre, study in enumerate(studies):
        n_normals = round(study.normals * scale)
        n_tumours = max(1, round(study.tumours * scale))
        for number in range(n_tumours + n_normals):
            patient = f"TCGA-{chr(65 + centre // 10)}{centre % 10}-S{number if number < n_tumours else number - n_tumours:03d}"
            paired = samples[-n_tumours] if n_tumours <= number < 2 * n_tumours else None
            samples.append(_tcga_sample(study, patient, number < n_tumours, paired, rng))
    return samples[:n_samples]


def _tcga_sample(study: TcgaStudy, patient: str, is_tumour: bool, paired: DemoSample | None, rng: random.Random) -> DemoSample:
    code = "03" if study.tissue == "blood" else "01" if is_tumour else "11"
    return DemoSample(
        sample_id=f"{patient}-{code}",
        source="tcga",
        kind="tissue",
        tissue=study.tissue,
        stated_tissue=study.tissue,
        batch="tcga",
        donor_id=patient,
        is_tumour=is_tumour,
        disease=study.disease if is_tumour else "",
        sex=paired.sex if paired else sex_for(study.tissue, rng),
        age=rng.randint(30, 85),
        extra_programmes=study.extra_programmes if is_tumour else {},
        title=study.disease,
    )


def depmap_samples(n_samples: int, rng: random.Random) -> list[DemoSample]:
    """One model for each cell line, then further unnamed lines of the same organs."""
    lines = list(cell_lines())
    samples = []
    for number in range(n_samples):
        line = lines[number] if number < len(lines) else rng.choice(lines)
        name = line.cell_line if number < len(lines) else f"SIM-{number}"
        samples.append(
            DemoSample(
                sample_id=f"ACH-9{number:05d}",
                source="depmap",
                kind="cell line",
                tissue=line.tissue,
                stated_tissue="",
                batch="depmap",
                donor_id=f"PT-SIM{number:04d}",
                cell_line=name,
                sex=line.sex,
                region=line.cell_line,
            )
        )
    return samples


def plant_wrong_labels(samples: list[DemoSample], share: float, rng: random.Random) -> None:
    """Give `share` of the stated samples the expression of another tissue: a neighbour in three of ten cases."""
    stated = [sample for sample in samples if sample.kind == "tissue" and sample.stated_tissue and not sample.is_tumour]
    every = list(tissues().values())
    for sample in rng.sample(stated, round(share * len(stated))):
        own = tissues()[sample.tissue]
        if own.neighbours and rng.random() < 0.3:
            sample.tissue = rng.choice(sorted(own.neighbours))
        else:
            others = [tissue for tissue in every if tissue.tissue not in own.neighbours and tissue.tissue != own.tissue]
            sample.tissue = rng.choices(others, [tissue.geo_weight for tissue in others])[0].tissue
        sample.extra_programmes, sample.region = {}, ""
        sample.has_planted_wrong_label = True
