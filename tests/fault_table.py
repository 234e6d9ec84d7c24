"""The table of faults: runs every case of the groups named on the command line, says which did not end as documented, and counts.

    python tests/fault_table.py FOLDER [--n 3] [--first 0] [--share 1.0] [--groups h5ad,bundle] [--only WORD]

FOLDER keeps the world between runs. Exit code 1 when anything ended in a traceback, a signal, a hang or without a word.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import fault_world  # noqa: E402
from fault_cases import GROUPS  # noqa: E402
from fault_runner import Runner, names_in, table  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=3, help="seeds of each random kind")
    parser.add_argument("--first", type=int, default=0, help="seed of the first of them: other numbers, other faults of the same kinds")
    parser.add_argument("--share", type=float, default=1.0, help="of the cases, chosen by their names")
    parser.add_argument("--groups", default=",".join(GROUPS))
    parser.add_argument("--only", default="", help="cases whose kind holds this")
    parser.add_argument("--without", default="", help="no cases whose kind holds this")
    parser.add_argument("--seconds", type=float, default=30.0, help="after which a command counts as hanging")
    given = parser.parse_args()
    world = fault_world.make(given.folder / "fault-world")
    bad = 0
    with Runner(given.folder / "scratch") as run:
        for group in given.groups.split(","):
            ended = []
            for drawn in GROUPS[group](given.n):
                case = replace(drawn, number=drawn.number + given.first)
                name = f"{case.kind} #{case.number}"
                if (
                    given.only not in name
                    or (given.without and given.without in name)
                    or zlib.crc32(name.encode()) % 1000 >= 1000 * given.share
                ):
                    continue
                place = given.folder / "place"
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                words = case.words(world, place)
                before = set(names_in(place))
                outcome = run(*words, seconds=given.seconds, folder=place)
                left = sorted(set(names_in(place)) - before)
                ended.append((name, outcome))
                if outcome.verdict != "fine":
                    bad += 1
                    last = (outcome.said.strip().splitlines() or [""])[-1]
                    print(f"{outcome.verdict:10} {name}: {last[:300]}", flush=True)
                elif outcome.code and left:
                    bad += 1
                    print(f"left behind {name}: {left[:5]}", flush=True)
                elif given.only:
                    print(f"{outcome.code} {outcome.seconds:.1f} s {name}: {outcome.said.strip()[-300:]}", flush=True)
            print(f"== {group}: {table(ended)}; exit codes {dict(Counter(outcome.code for _, outcome in ended))}", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
