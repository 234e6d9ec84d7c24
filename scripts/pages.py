"""The blocks of README and docs: what they are, what they do when they are run, and the outputs that they show.

    python scripts/pages.py [PAGE ...]      runs the blocks of these pages (all without) on the demo, and writes the outputs anew

A block is fenced and says its language. `console` holds commands behind `$ ` and what they print; `bash` commands alone; `python` and `pycon` run in one
namespace a page, the second shows what it prints. A line `...` stands for any lines. What is not run has a comment above it that says why:
`<!-- not run: REASON -->`, or for the rest of a page `<!-- not run from here: REASON -->`. Other languages (`text`, `csv`, `sql`, ...) hold no commands; one
with a title (`csv title="my.csv"`) is written to that file.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN = ("console", "bash", "python", "pycon")
FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2 *$", re.M | re.S)
WHY = re.compile(r"<!-- not run: (.+?) -->\n *$")
FROM_HERE = re.compile(r"<!-- not run from here: (.+?) -->")
NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.]*[a-zA-Z_-]\d)")
UNSTEADY = re.compile(r"\b[0-9a-f]{16,64}\b|\b\d+(?:[.,]\d+)*(?= (?:s|ms|samples/s|MB/s)\b)|/tmp/\S+")
ASKS = re.compile(r"curate (?:audit|explain|review|score|sources|term|validate|doctor)\b(?!.* --out)(?:.* --dry-run$|(?!.* --words))")
TOLERANCE = 0.03  # another CPU sums in another order, and training follows
DEMO = (
    "curate demo demo/world",
    "curate build --input demo/world --out demo/release --cap 300 --by-gene",
    "model train demo/release/compendium.h5ad --out demo/run",
    "model normals demo/run demo/release/compendium.h5ad",
    "model evaluate demo/run demo/release/compendium.h5ad --out demo/report",
)
MINE = "sample_id\ttitle\tsource_name\tcharacteristics\nS1\tdonor 3\tliver\tage: 61,Sex: F\nS2\tHEK293, 24 h\t\tcell line: HEK293\n"


def pages() -> list[Path]:
    """README, CONTRIBUTING, the ontology folder's page, and all of docs."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ontology" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block: where its text begins and ends in the page, and why it is not run ('' where it is)."""

    language: str
    text: str
    start: int
    end: int
    line: int
    why_not: str
    title: str


def blocks(page: str) -> list[Block]:
    """The blocks of a page's text."""
    found = []
    for match in FENCE.finditer(page):
        above = page[: match.start()]
        why = WHY.search(above) or FROM_HERE.search(above)
        language, _, rest = match[3].strip().partition(" ")
        title = re.search(r'title="([\w./-]+)"', rest)
        spot = match.start(4), match.end(4), above.count("\n") + 1
        found.append(Block(language, match[4], *spot, why[1] if why else "", title[1] if title else ""))
    return found


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, lines that end in a backslash joined, and the lines that it is shown to print."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        if not lines[at].startswith("$ "):
            raise ValueError(f"a console block begins with a prompt, not with {lines[at]!r}")
        command, at = lines[at][2:], at + 1
        while command.endswith("\\"):
            command, at = f"{command[:-1].rstrip()} {lines[at].strip()}", at + 1
        shown = []
        while at < len(lines) and not lines[at].startswith("$ "):
            shown.append(lines[at])
            at += 1
        yield command, shown


def lines_of(output: str) -> list[str]:
    """What a person sees of an output: no bars of progress, no blanks at the ends."""
    return [line.rstrip() for line in output.strip("\n").splitlines() if "━" not in line]


def alike(shown: list[str], said: list[str]) -> bool:
    """Whether an output is the one that is shown; `...` stands for any lines, and numbers may differ by what training on another CPU changes."""
    if not shown:
        return not said
    if shown[0] == "...":
        return any(alike(shown[1:], said[n:]) for n in range(len(said) + 1))
    return bool(said) and _line_alike(shown[0], said[0]) and alike(shown[1:], said[1:])


def _line_alike(shown: str, said: str) -> bool:
    one, other = (UNSTEADY.sub("~", " ".join(text.split())) for text in (shown, said))
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    values = [(float(a.replace(",", "")), float(b.replace(",", ""))) for a, b in pairs]
    return all(abs(a - b) <= max(TOLERANCE, TOLERANCE * abs(a)) for a, b in values)


@dataclass
class Runner:
    """Runs blocks in a folder. What was run before under the same words is not run again: `known`, command -> output. Of that `asked` holds what
    only asks of the demo's release, so that several pages share it."""

    place: Path
    known: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    names: dict[str, object] = field(default_factory=dict)

    def execute(self, command: str) -> str:
        """What a command prints, on both streams together. Raises AssertionError where it fails."""
        known = self.asked if ASKS.match(command) and "my_" not in command else self.known
        if command not in known:
            known[command] = self._in_process(command) or self._in_shell(command)
        return known[command]

    def _in_process(self, command: str) -> str | None:
        """`curate` and `model` without pipes run here: a process of their own would load everything again."""
        from click.testing import CliRunner
        from typer.main import get_command

        words = shlex.split(command, comments=True)
        if words[0] not in ("curate", "model") or set(words) & {"|", ">", "&&", ";"} or "$(" in command:
            return None
        if words[0] == "curate":
            from curation.cli import app
        else:
            from modelling.cli import app  # type: ignore[assignment]
        with chdir(self.place):
            done = CliRunner().invoke(get_command(app), words[1:], env={"COLUMNS": "160"}, catch_exceptions=False)
        assert done.exit_code == 0, f"{command}: {done.output}"
        return done.output or "\n"

    def _in_shell(self, command: str) -> str:
        here = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": here, "PYTHONPATH": str(ROOT), "COLUMNS": "160", "NO_COLOR": "1"}
        done = subprocess.run(["bash", "-ec", command], cwd=self.place, env=environment, text=True, stdout=-1, stderr=-2, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout

    def run(self, block: Block) -> list[str]:
        """Run a block, and say in what its outputs differ from what is shown. Raises what the block raises."""
        if block.title:
            (self.place / block.title).parent.mkdir(parents=True, exist_ok=True)
            (self.place / block.title).write_text(block.text, encoding="utf-8")
            return []
        if block.language == "console":
            told = [(command, shown, lines_of(self.execute(command))) for command, shown in commands(block.text)]
            return [f"$ {command}\n" + "\n".join(said) for command, shown, said in told if not alike(shown, said)]
        if block.language == "bash":
            for command in (line for line in block.text.replace("\\\n", "").splitlines() if line.split("#")[0].strip()):
                self.execute(command)
            return []
        with chdir(self.place):
            if block.language == "python":
                exec(compile(block.text, f"<block at line {block.line}>", "exec"), self.names)
                return []
            test = doctest.DocTestParser().get_doctest(block.text, self.names, "block", None, block.line)
            said: list[str] = []
            doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test, out=said.append, clear_globs=False)
            self.names.update(test.globs)
            return ["".join(said)] if said else []


def prepared(place: Path, demo: Path) -> Path:
    """A folder as a reader of a page has it: `demo/` of the README, the same as `release`, `run`, `data`, and tables of one's own."""
    for name, source in {"demo": "", "release": "release", "run": "run", "data": "world"}.items():
        shutil.copytree(demo / source, place / name, copy_function=os.link)
    shutil.copy(demo / "run" / "example.tsv", place / "mine.tsv")
    (place / "my_samples.tsv").write_text(MINE, encoding="utf-8")
    return place


def renewed(page: str, runner: Runner) -> str:
    """The page with the outputs that its console blocks have now; where `...` stood, as many lines stay above and below it as there were."""
    parts, at = [], 0
    for block in blocks(page):
        if block.why_not or not (block.language in RUN or block.title):
            continue
        if block.language != "console":
            runner.run(block)
            continue
        lines: list[str] = []
        for command, shown in commands(block.text):
            said = lines_of(runner.execute(command))
            if "..." in shown and not alike(shown, said):
                above, below = shown.index("..."), shown[::-1].index("...")
                said = [*said[:above], "...", *(said[-below:] if below else [])]
            elif "..." in shown:
                said = shown
            lines += [f"$ {_as_shown(block.text, command)}", *said]
        parts += [page[at : block.start], "\n".join(lines) + "\n"]
        at = block.end
    return "".join([*parts, page[at:]])


def _as_shown(text: str, command: str) -> str:
    """A command with the line breaks that it has on the page."""
    pattern = r"\s*(?:\\\n(?:> )?)?\s*".join(re.escape(word) for word in command.split(" "))
    found = re.search(pattern, text)
    return found[0] if found else command


def main() -> None:
    """Renew the outputs of the pages that are named, or of all."""
    wanted = [Path(name).resolve() for name in sys.argv[1:]] or pages()
    with tempfile.TemporaryDirectory(prefix="pages-") as folder:
        first = Runner(Path(folder))
        for command in DEMO:
            print(f"$ {command}", flush=True)
            first.execute(command)
        for page in wanted:
            place = prepared(Path(folder) / page.stem, Path(folder) / "demo")
            text = page.read_text(encoding="utf-8")
            page.write_text(renewed(text, Runner(place, dict(first.known), first.asked)), encoding="utf-8")
            print(page.relative_to(ROOT), flush=True)


if __name__ == "__main__":
    main()
