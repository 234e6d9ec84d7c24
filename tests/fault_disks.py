"""Full and read-only disks under every command that writes: python tests/fault_disks.py FOLDER [--only WORD]. Needs the right to mount a tmpfs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import fault_world  # noqa: E402
from fault_disk import CHANGED, WRITERS, ready  # noqa: E402
from fault_runner import Outcome, Runner, names_in, remount, small_disk, table  # noqa: E402

IN_PLACE = {"override add", "override import", "review", "deprecate", *CHANGED}
ROOMS = (0, 8, 60, 400, 1500, 4000)  # KiB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--rooms", default=",".join(map(str, ROOMS)))
    given = parser.parse_args()
    world, bad = fault_world.make(given.folder / "fault-world"), 0
    ended: dict[str, list[tuple[str, Outcome]]] = {"full": [], "read-only": []}
    with Runner(given.folder / "scratch") as run:
        for name, words in WRITERS.items():
            if given.only not in name:
                continue
            for room in ["ro", *map(int, given.rooms.split(","))]:
                with small_disk(given.folder / "disk", 64 << 20) as disk:
                    if disk is None:
                        print("no right to mount a file system here")
                        return 2
                    ready(name, world, disk)
                    if room == "ro":
                        remount(disk, "ro")
                    else:
                        used = sum(-(-path.stat().st_size // 4096) * 4096 for path in disk.rglob("*") if path.is_file())
                        remount(disk, f"size={used + 4096 + int(room) * 1024}")
                    before = names_in(disk)
                    outcome = run(*words(world, disk), seconds=120)
                    kind = "read-only" if room == "ro" else "full"
                    ended[kind].append((f"{name} {room}", outcome))
                    left = sorted(set(names_in(disk)) - set(before))
                    last = (outcome.said.strip().splitlines() or [""])[-1]
                    fine = (
                        outcome.verdict == "fine"
                        and not (outcome.code and left)
                        and not (outcome.code == 0 and not left and name not in IN_PLACE)
                    )
                    bad += not fine
                    print(
                        f"{'' if fine else 'BAD '}{outcome.verdict} {outcome.code} {name} {room}: {last[:200]} {'LEFT ' + str(left[:4]) if outcome.code and left else ''}",
                        flush=True,
                    )
    for kind, rows in ended.items():
        print(f"== {kind}: {table(rows)}", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
