"""GEO free text as submitters write it: one style per series, several fields, words that mislead, slips of the keyboard."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from curation.demo.anatomy import Tissue, geo_words
from curation.demo.sample import DemoSample

# Which fields name the tissue, and how often.
PLACES = {("source", "characteristics"): 48, ("source",): 22, ("characteristics",): 15, ("title", "source"): 9, ("title",): 6}
TITLES = {"{code}_{n}": 34, "{word} rep{n}": 18, "{word}_{n}": 14, "Sample{n}": 14, "{word}, donor {n}": 12, "{code}.{n} [{word}]": 8}
TASTES = {"as is": 70, "lower": 8, "title": 7, "upper": 6, "human": 6, "joined": 3}


T = TypeVar("T")


def drawn(rng: random.Random, weights: Mapping[T, float]) -> T:
    """One key, drawn by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def series_phrases(tissue: Tissue, rng: random.Random) -> list[str]:
    """The one to three wordings that a series uses for a tissue, in the submitter's taste for capitals and hyphens."""
    chosen = rng.sample(tissue.phrases, min(len(tissue.phrases), drawn(rng, {1: 75, 2: 17, 3: 8})))
    taste = drawn(rng, TASTES)
    return [_tasted(phrase, taste, rng) for phrase in chosen]


def _tasted(phrase: str, taste: str, rng: random.Random) -> str:
    if taste == "human":
        return phrase if "human" in phrase.lower() else f"Human {phrase}"
    if taste == "joined":
        return phrase.replace(" ", rng.choice("-_"))
    return {"lower": phrase.lower(), "upper": phrase.upper(), "title": phrase.title()}.get(taste, phrase)


@dataclass
class SeriesStyle:
    """How one submitter filled the sample sheet."""

    rng: random.Random
    places: tuple[str, ...]
    title: str
    tissue_key: str
    cell_key: str
    sex_key: str
    age_key: str
    source_without_tissue: str
    columns: list[str]
    order: int  # seed of the order of the columns, the same in all samples of the series
    has_sex: bool
    has_treatment: bool
    disease: str

    @classmethod
    def draw(cls, rng: random.Random, tissue: str) -> SeriesStyle:
        """Draw the habits of one series; its disease is a general one, or one of the organ."""
        diseases = geo_words("disease") + 3 * geo_words(f"disease of {tissue}")
        columns = rng.sample(geo_words("neutral"), drawn(rng, {0: 25, 1: 30, 2: 30, 4: 15}))
        if rng.random() < 0.15:
            columns.append(rng.choice(geo_words("misleading")))
        return cls(
            rng=rng,
            places=drawn(rng, PLACES),
            title=drawn(rng, TITLES),
            tissue_key=rng.choice(geo_words("tissue key")),
            cell_key=rng.choice(geo_words("cell key")),
            sex_key=rng.choice(geo_words("sex key")),
            age_key=rng.choice(geo_words("age key")),
            source_without_tissue=rng.choice(geo_words("source without tissue")),
            columns=columns,
            order=rng.randrange(1_000_000),
            has_sex=rng.random() < 0.6,
            has_treatment=rng.random() < 0.3,
            disease=rng.choice(diseases) if rng.random() < 0.45 else "",
        )

    def fill(self, sample: DemoSample, word: str, number: int, *, key: str = "", condition: str = "", last: str = "") -> None:
        """Write the three text fields of one sample; an empty `word` leaves the tissue unsaid, `last` is a further column."""
        sample.title = self._title(word, number, condition)
        sample.source_name = word if word and "source" in self.places else self.source_without_tissue
        named = [f"{key or self.tissue_key}: {word}"] if word and "characteristics" in self.places else []
        columns = named + self._covariates(sample, condition)
        random.Random(self.order).shuffle(columns)
        sample.characteristics = ",".join(columns + ([last] if last else []))

    def _title(self, word: str, number: int, condition: str) -> str:
        code = f"{chr(65 + number % 7)}{self.rng.randint(1, 99):02d}"
        pattern = self.title
        if word and "title" in self.places and "{word}" not in pattern:
            pattern = "{word}_{n}"
        if not word or ("title" not in self.places and self.rng.random() < 0.5):
            pattern = pattern.replace(" [{word}]", "").replace("{word}", condition or code)
        return pattern.format(code=code, n=number + 1, word=word)

    def _covariates(self, sample: DemoSample, condition: str) -> list[str]:
        rng, columns = self.rng, []
        if condition:
            columns.append(f"disease state: {condition}")
        elif self.disease:
            columns.append(f"disease state: {self.disease if rng.random() < 0.5 else rng.choice(geo_words('healthy'))}")
        if self.has_sex:
            columns.append(f"{self.sex_key}: {sample.sex[0] if self.sex_key == 'sex' else sample.sex}")
        if sample.age:
            columns.append(f"{self.age_key}: {sample.age}")
        if self.has_treatment:
            columns.append(f"treatment: {rng.choice(geo_words('treatment'))}")
        return columns + [column.format(d=rng.randint(1, 9), dd=rng.randint(10, 99)) for column in self.columns]
