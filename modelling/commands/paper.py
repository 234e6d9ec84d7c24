"""`model paper`: every figure and table of the published study from one compendium, step by step into one folder, and a page in the paper's order.

Each step writes its own folder, whole or not at all, by the functions of the command that it is named after; a step whose folder stands is not done
again. paper.json holds what was asked, so that a folder is never gone on with for another compendium or other settings.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from modelling.bundle.reference import write_reference
from modelling.commands.ablate import run_ablate
from modelling.commands.baselines import run_baselines
from modelling.commands.evaluate import run_evaluate
from modelling.commands.scale import run_scale
from modelling.commands.telling import console, tell_table
from modelling.commands.train import train_and_tell
from modelling.commands.transfer import run_transfer
from modelling.config import TrainConfig, preset
from modelling.data import Compendium
from modelling.errors import ModellingError
from modelling.outfolder import new_folder
from modelling.reports.paper import write_paper_page
from modelling.studies.ablate import cell_line_flags
from modelling.studies.paper import FULL, QUICK, Effort, across_field, cap_that_bites, has_cell_lines, source_to_hold_out, write_held_out
from modelling.studies.rubric import load_rubric
from modelling.studies.transfer import Question
from profiles import aside
from profiles.plain_json import NoObject, read_object
from profiles.printing import asked_format

STATE = "paper.json"


class OtherPaper(ModellingError):
    """The folder holds another `model paper`, or something else."""


@dataclass(frozen=True)
class Asked:
    """What was asked on the command line."""

    compendium: Path
    out: Path
    preset: str = "default"
    quick: bool = False
    question: Question | None = None
    held_out: str | None = None
    embeddings: Mapping[str, Path] | None = None
    seed: int = 42
    device: str = "auto"

    @property
    def effort(self) -> Effort:
        """How much is done."""
        return QUICK if self.quick else FULL

    def config(self, *, masked: bool = True) -> TrainConfig:
        """Settings of a training: denoising, or the standard one without masking."""
        config = preset(self.preset).replace(seed=self.seed)
        config = config.replace(epochs=self.effort.epochs) if self.effort.epochs else config
        if masked and config.mask_fraction == 0:
            config = config.replace(mask_fraction=TrainConfig().mask_fraction)
        return config if masked else config.replace(mask_fraction=0.0)


def run_paper(asked: Asked) -> None:
    """Do what is not done yet, and write the page."""
    people = console()
    with Compendium.open(asked.compendium) as compendium:
        _claim(asked, compendium)
        skipped: dict[str, str] = {}
        for name, done, work in _steps(asked, compendium, skipped):
            if (asked.out / done).exists():
                people.print(f"{name}: done already", markup=False)
                continue
            people.print(f"{name} ...", style="bold", markup=False)
            with redirect_stdout(sys.stderr) if asked_format() else nullcontext():  # a program gets one table, that of the page
                work()
        rows = write_paper_page(asked.out, compendium, asked.preset, asked.quick, skipped)
    for name, why in skipped.items():
        people.print(f"  left out, {name}: {why}", markup=False)
    people.print(f"wrote {asked.out}/ (report.html, numbers.tsv; one folder a step)", markup=False)
    tell_table(rows)


def _claim(asked: Asked, compendium: Compendium) -> None:
    """Mark a new folder, or make sure that an old one is this very question's. Raises OtherPaper."""
    content = {"format": 1, "compendium_sha256": compendium.sha256(), **_settings(asked)}
    state = asked.out / STATE
    if asked.out.exists() and (not asked.out.is_dir() or any(path.name != STATE for path in asked.out.iterdir())) and not state.is_file():
        raise OtherPaper(f"{asked.out}: exists and is no folder of `model paper` (no {STATE} in it); choose another folder")
    if state.is_file():
        try:
            found = read_object(state)
        except NoObject as error:
            raise OtherPaper(f"{state}: {error}; choose another folder") from error
        other = [key for key in content if found.get(key) != content[key]]
        if other:
            raise OtherPaper(
                f"{asked.out}: was begun with other settings ({', '.join(f'{key}: {found.get(key)}' for key in other)}); "
                "ask the same again to go on, or choose another folder"
            )
        return
    asked.out.mkdir(parents=True, exist_ok=True)
    aside.write_text(state, json.dumps(content, indent=2) + "\n")


def _settings(asked: Asked) -> dict[str, Any]:
    question = asked.question
    return {
        "preset": asked.preset,
        "effort": {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(asked.effort).items()},
        "cohort": str(question.cohort.resolve()) if question else None,
        "rubric": question.rubric.name if question else None,
        "held_out": asked.held_out,
        "embeddings": {name: str(path) for name, path in (asked.embeddings or {}).items()},
        "seed": asked.seed,
    }


Step = tuple[str, str, Callable[[], None]]


def _steps(asked: Asked, compendium: Compendium, skipped: dict[str, str]) -> list[Step]:
    """Name, the file that says that it is done, and the work; what this compendium cannot answer goes into `skipped` with the reason."""
    runs, question, base, before = [asked.out / "denoising", asked.out / "standard"], asked.question, asked.compendium, list[Step]()
    source = None if question else source_to_hold_out(compendium, asked.held_out)
    if source is not None:  # a source stands in for the cohort: from here on everything is trained without it
        folder = asked.out / "held-out"
        before = [("held-out source", "held-out/run/reference.json", partial(_hold_out, asked, compendium, source, folder))]
        runs, question, base = [folder / "run"], _question_of(folder / "cohort.h5ad"), folder / "rest.h5ad"
    if question is not None:
        moved = partial(run_transfer, runs, question, asked.out / "transfer", asked.seed, asked.embeddings or {})
        before.append(("transfer", "transfer/report.html", moved))
    else:
        skipped["transfer"] = "no cohort was given (--cohort), and no source has enough samples to stand in for one"
    return [*_of_test_part(asked, compendium, skipped), *before, *_trainings(asked, compendium, skipped, source, base, question)]


def _of_test_part(asked: Asked, compendium: Compendium, skipped: dict[str, str]) -> list[Step]:
    """Two models, what they know, and whether something simpler would do."""
    out, effort, embeddings = asked.out, asked.effort, asked.embeddings or {}
    runs = [out / "denoising", out / "standard"]
    across = across_field(compendium) if asked.preset == "default" else None
    if across is None:
        skipped["across"] = (
            "no two studies or sources of 20 samples"
            if asked.preset == "default"
            else "the published network would have to be trained once for every study"
        )
    evaluation = partial(
        run_evaluate, runs[0], asked.compendium, out / "evaluation", asked.seed, across=across, device=asked.device, beside=runs[1:]
    )
    named = [f"{name}={path}" for name, path in embeddings.items()]
    simple = partial(run_baselines, [runs[0], asked.compendium], out / "baselines", named, asked.seed, umap=effort.slow, slow=effort.slow)
    return [
        ("denoising", "denoising/reference.json", partial(_train, asked, compendium, runs[0], asked.config())),
        ("standard", "standard/reference.json", partial(_train, asked, compendium, runs[1], asked.config(masked=False))),
        ("evaluation", "evaluation/report.html", partial(evaluation, embeddings=embeddings)),
        ("baselines", "baselines/report.html", simple),
    ]


def _trainings(
    asked: Asked, compendium: Compendium, skipped: dict[str, str], source: str | None, base: Path, question: Question | None
) -> list[Step]:
    """What more samples, cell lines and the cap do, on `base`: the compendium, or what is left of it without `source`."""
    out, effort = asked.out, asked.effort
    sizes = partial(run_scale, base, out / "scale", effort.fractions, effort.n_seeds, asked.preset, effort.epochs, question, asked.device)
    steps: list[Step] = [("scale", "scale/report.html", sizes)]
    labels = asked.compendium.parent / "labels.parquet"
    lines, cap = _cell_lines(compendium, labels, source), cap_that_bites(compendium, source)
    if not lines:
        skipped["cell lines"] = "the training part holds none; build with --cell-line-cap none to keep them"
    if lines or cap is not None:
        arms = partial(run_ablate, base, out / "ablation", labels, cap, cell_lines=lines, n_seeds=effort.n_seeds, preset=asked.preset)
        steps.append(("ablation", "ablation/report.html", partial(arms, epochs=effort.epochs, question=question, device=asked.device)))
    else:
        skipped["ablation"] = "no cell lines, and all tissues of one size"
    return steps


def _question_of(cohort: Path) -> Question:
    return Question(cohort, load_rubric("tissues"), category="tissue")


def _cell_lines(compendium: Compendium, labels: Path, held_out: str | None) -> bool:
    if "is_cell_line" not in compendium.obs and not labels.is_file():
        return False
    flags = cell_line_flags(compendium, labels)
    return has_cell_lines(compendium, flags & (compendium.text("source").astype(str) != (held_out or "")))


def _train(asked: Asked, compendium: Compendium, folder: Path, config: TrainConfig) -> None:
    """A run with its references; a stopped one is gone on with."""
    if not (folder / "model.safetensors").exists():
        train_and_tell(compendium, folder, config, device=asked.device, resume=folder.exists(), also_standard=False)
    write_reference(folder, compendium, "pca")


def _hold_out(asked: Asked, compendium: Compendium, source: str, folder: Path) -> None:
    """The compendium without one source, that source as a cohort, and a run that never saw it."""
    if not folder.exists():
        with new_folder(folder) as draft:
            write_held_out(compendium, source, draft)
            (draft / "source.json").write_text(json.dumps({"source": source}) + "\n", encoding="utf-8")
    with Compendium.open(folder / "rest.h5ad") as rest:
        _train(asked, rest, folder / "run", asked.config())
