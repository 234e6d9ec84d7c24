"""Would the tests notice? Changes the code in a copy, one small thing at a time, and lists the changes that no test minds.

    python tests/mutation/run.py                 all of it, hours
    python tests/mutation/run.py sql split       some of it: `sql`, or the name of a .toml beside this file
    python tests/mutation/run.py metrics --most 60    a fixed sample of the changes of each module

Python modules are changed by cosmic-ray (its own environment, `--cosmic-ray FOLDER`), each with the tests that its .toml names; sql.tsv holds the
changes to sql/, made here. A survivor that changes nothing is listed with the reason in equal.tsv (sql.tsv for SQL). Exit code 1: others survived.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def copy_of_the_tree(place: Path) -> Path:
    """The files that git knows, in a folder that may be spoilt."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, place / name)
    return place


def environment(tree: Path) -> dict[str, str]:
    """Tests run by this interpreter on the copy; compiled functions run as Python, so that a change in them is seen."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(tree),
        "NUMBA_DISABLE_JIT": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def sql_survivors(tree: Path) -> tuple[int, list[str]]:
    """Number of changes to sql/, and those that no test minds and no reason excuses."""
    survived, changes = [], rows("sql.tsv")
    for change in changes:
        path = tree / change["file"]
        whole = path.read_text(encoding="utf-8")
        if whole.count(change["before"]) != 1:
            survived.append(
                f"{change['file']}: {change['before']!r} is there {whole.count(change['before'])} times, not once: mend sql.tsv"
            )
            continue
        path.write_text(whole.replace(change["before"], change["after"]), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *change["tests"].split()]
        noticed = subprocess.run(command, cwd=tree, env=environment(tree), capture_output=True, check=False).returncode == 1
        path.write_text(whole, encoding="utf-8")
        print("noticed " if noticed else "SURVIVED", change["file"], change["before"], "->", change["after"], flush=True)
        if noticed == bool(change["equal_because"]):
            survived.append(
                f"{change['file']}: {change['before']} -> {change['after']}" + (" is listed as equal, yet noticed" if noticed else "")
            )
    return len(changes), survived


def thin_out(session: Path, most: int) -> int:
    """Keep at most so many changes, the same ones on each run; returns the number kept."""
    with sqlite3.connect(session) as con:
        specs = con.execute("SELECT job_id, operator_name, occurrence, definition_name FROM mutation_specs").fetchall()
        specs.sort(key=lambda spec: hashlib.md5("|".join(map(str, spec[1:])).encode()).hexdigest())
        for job_id, *_ in specs[most:]:
            for table in ("work_results", "mutation_specs", "work_items"):
                con.execute(f"DELETE FROM {table} WHERE job_id = ?", [job_id])
    return min(most, len(specs))


def changed_lines(diff: str) -> tuple[str, str]:
    """The lines of a diff that went and came."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    return tuple("; ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")  # type: ignore[return-value]


def python_survivors(tree: Path, name: str, tools: Path, most: int) -> tuple[int, list[str]]:
    """The same for one module, by cosmic-ray."""
    config, session = HERE / f"{name}.toml", tree / f"{name}.sqlite"
    module = tomllib.loads(config.read_text(encoding="utf-8"))["cosmic-ray"]["module-path"]
    if not (tree / module).is_file():
        return 0, [f"{module} is not there: mend {config.name}"]
    for command in (["cosmic-ray", "init", config, session], ["cr-filter-operators", session, config]):
        subprocess.run([tools / command[0], *command[1:]], cwd=tree, env=environment(tree), check=True)
    n = thin_out(session, most)
    subprocess.run([tools / "cosmic-ray", "exec", config, session], cwd=tree, env=environment(tree), check=True)
    excused = {(row["module"], row["before"], row["after"]) for row in rows("equal.tsv")}
    with sqlite3.connect(session) as con:
        left = con.execute("SELECT diff FROM work_results WHERE test_outcome = 'SURVIVED'").fetchall()
    found = sorted({(module, *changed_lines(diff)) for (diff,) in left} - excused)
    return n, [f"{module}: {before}  ->  {after}" for module, before, after in found]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["sql", *sorted(path.stem for path in HERE.glob("*.toml"))])
    parser.add_argument("--most", type=int, default=1_000_000, help="changes per module")
    parser.add_argument("--cosmic-ray", type=Path, default=ROOT / ".venv-mutation" / "bin", help="folder with the program cosmic-ray")
    options = parser.parse_args()
    survived: list[str] = []
    with tempfile.TemporaryDirectory(prefix="mutation-") as place:
        tree = copy_of_the_tree(Path(place))
        for name in options.names:
            n, left = sql_survivors(tree) if name == "sql" else python_survivors(tree, name, options.cosmic_ray.absolute(), options.most)
            print(f"{name}: {n} changes, {len(left)} unexplained survivors", *left, sep="\n  ", flush=True)
            survived += left
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
