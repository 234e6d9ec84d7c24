"""The ARCHS4 part of the world: GEO series of many kinds, their samples, and series that share samples."""

from __future__ import annotations

import random
from collections.abc import Callable

from curation.demo.anatomy import Tissue, cell_lines, geo_words, tissues
from curation.demo.geo_text import SeriesStyle, drawn, series_phrases
from curation.demo.sample import DemoSample, Kind, sex_for

SHARE = {"single cell": 0.11, "cell line": 0.19, "unlabelled": 0.07}
SERIES_OF_A_TISSUE = 4  # so that every split can hold one
LARGEST_SERIES = 48
PURIFIED_SHARE = 0.3  # of the series without tumours: sorted or cultured cells of the tissue
# Beyond the accessions that GEO has given out: no real sample is spoken of.
FIRST_SERIES = 9_000_000
FIRST_SAMPLE = 999_990_000  # the accessions run past 1e9, so that their order as strings is not their order as numbers


class GeoWorld:
    """Draws series until the sample budget is spent."""

    def __init__(self, n_samples: int, rng: random.Random) -> None:
        self.n_samples = n_samples
        self.rng = rng
        self.series: list[list[DemoSample]] = []

    def build(self) -> list[DemoSample]:
        """All ARCHS4 samples, sorted by accession as strings, as the archive has them."""
        for kind, add in (("single cell", self._single_cells), ("cell line", self._cell_line), ("unlabelled", self._unlabelled)):
            self._spend(round(SHARE[kind] * self.n_samples), add)
        self._cover_every_tissue()
        self._spend(self.n_samples - self._n_drawn(), self._any_tissue)
        self._number()
        return sorted((sample for series in self.series for sample in series), key=lambda sample: sample.sample_id)

    def _n_drawn(self) -> int:
        return sum(map(len, self.series))

    def _spend(self, budget: int, add: Callable[[int], None]) -> None:
        end = self._n_drawn() + budget
        while (left := end - self._n_drawn()) > 0:
            add(min(left, max(2, min(LARGEST_SERIES, round(self.rng.lognormvariate(2.2, 0.7))))))

    def _cover_every_tissue(self) -> None:
        room = self.n_samples - self._n_drawn()
        size = max(1, min(3, room // (2 * SERIES_OF_A_TISSUE * len(tissues()))))
        for tissue in tissues().values():
            for _ in range(SERIES_OF_A_TISSUE):
                if self._n_drawn() + size <= self.n_samples:
                    self._tissue_series(tissue, size)

    def _any_tissue(self, size: int) -> None:
        if self.rng.random() < 0.08:
            self._survey(size)
        else:
            self._tissue_series(self._common_tissue(), size)

    def _common_tissue(self) -> Tissue:
        return tissues()[drawn(self.rng, {name: tissue.geo_weight for name, tissue in tissues().items()})]

    def _new_series(self, tissue: str = "") -> SeriesStyle:
        self.series.append([])
        return SeriesStyle.draw(self.rng, tissue)

    def _new_sample(self, kind: Kind, tissue: str, stated: str) -> DemoSample:
        sample = DemoSample("", "archs4", kind, tissue, stated, batch=f"series {len(self.series)}")
        sample.sex, sample.age = sex_for(tissue, self.rng), self.rng.randint(18, 88)
        # The archive's classifier is a regression: values a little below 0 occur.
        sample.single_cell_probability = self.rng.gauss(0.012, 0.012) if self.rng.random() < 0.9 else self.rng.uniform(0.05, 0.48)
        self.series[-1].append(sample)
        return sample

    def _tissue_series(self, tissue: Tissue, size: int) -> None:
        """One tissue; in a third of the series that can, tumours beside normal tissue."""
        style, words = self._new_series(tissue.tissue), series_phrases(tissue, self.rng)
        tumour = self.rng.choice(tissue.tumours) if tissue.tumours and self.rng.random() < 0.33 else ""
        purified = {} if tumour or self.rng.random() > PURIFIED_SHARE else self._purified(tissue)
        for number in range(size):
            sample = self._new_sample("tissue", tissue.tissue, tissue.tissue)
            sample.is_tumour = bool(tumour) and number % 3 != 2
            sample.disease = f"{tissue.tissue} tumour" if sample.is_tumour else ""
            word = self.rng.choice(words)
            sample.region = f"{sample.batch}: {word}" if len(words) > 1 else ""
            sample.extra_programmes = purified
            condition = (tumour if sample.is_tumour else "adjacent normal") if tumour else ""
            if sample.is_tumour and self.rng.random() < 0.3:
                word = f"{word}, {tumour}" if self.rng.random() < 0.5 else tumour
            style.fill(sample, word, number, condition=condition)

    def _purified(self, tissue: Tissue) -> dict[str, float]:
        """What sorting or culture of one kind of cell does to the programmes of a tissue."""
        kept = drawn(self.rng, tissue.programmes)
        lost = {name: -0.8 * weight for name, weight in tissue.programmes.items() if name != kept}
        return {**lost, "proliferation": self.rng.uniform(0.0, 1.0), "immediate_early": self.rng.uniform(0.0, 0.8)}

    def _survey(self, size: int) -> None:
        """A body map: several tissues, each donor giving more than one."""
        style = self._new_series()
        if style.places == ("title",):
            style.places = ("title", "source")
        chosen = self.rng.sample(list(tissues().values()), min(size, self.rng.randint(4, 12)))
        for number in range(size):
            tissue = chosen[number % len(chosen)]
            sample = self._new_sample("tissue", tissue.tissue, tissue.tissue)
            style.fill(sample, self.rng.choice(tissue.phrases), number, last=f"donor: HBM-{number // len(chosen) + 1}")

    def _cell_line(self, size: int) -> None:
        """A treated cell line; in some series the place that it was taken from is named beside it."""
        line, style = self.rng.choice(cell_lines()), self._new_series()
        style.has_treatment, style.disease = self.rng.random() < 0.7, ""
        spelling = self.rng.choice(line.spellings)
        tail = "" if "cell" in spelling else self.rng.choice(geo_words("cell line tail"))
        last = f"tissue: {line.collection_site.replace('_', ' ').lower()}" if self.rng.random() < 0.25 else ""
        for number in range(size):
            sample = self._new_sample("cell line", line.tissue, "")
            sample.cell_line, sample.sex, sample.age = line.cell_line, line.sex, 0
            word = f"{spelling} {tail}".strip() if self.rng.random() < 0.9 else spelling
            style.fill(sample, word, number, key=style.cell_key, last=last)

    def _unlabelled(self, size: int) -> None:
        """Codes and conditions only: nothing says which tissue it is."""
        style, tissue = self._new_series(), self._common_tissue()
        style.disease = ""
        for number in range(size):
            style.fill(self._new_sample("tissue", tissue.tissue, ""), "", number, last=self.rng.choice(geo_words("condition only")))

    def _single_cells(self, size: int) -> None:
        """Cells of a tissue, one library each; a few are taken for bulk by the archive's classifier."""
        tissue = self._common_tissue()
        style = self._new_series(tissue.tissue)
        word, note = self.rng.choice(tissue.phrases), self.rng.choice(geo_words("single cell"))
        for number in range(size):
            sample = self._new_sample("single cell", tissue.tissue, tissue.tissue)
            is_seen = self.rng.random() < 0.95
            sample.single_cell_probability = self.rng.betavariate(9, 1.2) if is_seen else self.rng.uniform(0.2, 0.49)
            style.fill(sample, word, number)
            sample.title = f"{note} {sample.title}"

    def _number(self) -> None:
        """Give accessions in a random order of the series; some series were also filed in a super-series that joins two."""
        self.rng.shuffle(self.series)
        series_number, sample_number = FIRST_SERIES, FIRST_SAMPLE
        accessions = []
        for series in self.series:
            series_number += self.rng.randint(1, 40)
            sample_number += self.rng.randint(1, 400)
            accessions.append(f"GSE{series_number}")
            for sample in series:
                sample_number += 1
                sample.sample_id, sample.series_id = f"GSM{sample_number}", accessions[-1]
        joined = self.rng.sample(range(len(self.series)), 2 * (len(self.series) // 16))
        for number, index in enumerate(joined):
            for sample in self.series[index]:
                sample.series_id = f"{accessions[index]},GSE{series_number + 1 + number // 2}"
