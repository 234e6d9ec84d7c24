"""What a name, a synonym or an id means in the ontology of a release, with everything below it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, partial

from curation.database import Connection, fetch_arrow
from curation.errors import CurationError
from curation.remote.place import Place

ID = re.compile(r"[A-Za-z]+:\d+")
NEAR = 4


class UnknownName(CurationError):
    """A word of a query names nothing; the message has the nearest names."""


@dataclass(frozen=True)
class Meaning:
    """Term ids that a name stands for, those below them included unless exactly it was meant, and how to say it."""

    ids: list[str]
    said: str


@dataclass
class Terms:
    """The names in one release. `exact`: a name means its own term only."""

    con: Connection
    place: Place
    exact: bool = False
    notes: list[str] = field(default_factory=list)

    @cached_property
    def tables(self) -> set[str]:
        """Tables and views of the release."""
        rows = self.con.execute("SELECT table_name FROM information_schema.tables").fetchall()
        return {name for (name,) in rows}

    @cached_property
    def categories(self) -> dict[str, list[str]]:
        """Tissue category -> the terms that are its roots."""
        return dict(
            self.con.execute("SELECT tissue, list(root_id ORDER BY root_id) FROM tissue GROUP BY tissue ORDER BY tissue").fetchall()
        )

    def anatomy(self, name: str) -> Meaning | None:
        """A tissue or cell type (or neoplasm) by name, synonym or id; None where there is none."""
        ids = self._named("term", name)
        if not ids and ID.fullmatch(name):
            self._refuse_obsolete(name.upper())
        return self._below(ids, "closure", "ancestor_id") if ids else None

    def disease(self, name: str) -> Meaning | None:
        """A disease by Mondo name, synonym or id; in a release without Mondo's names, only neoplasms are known."""
        if "disease_name" not in self.tables:
            found = self.anatomy(name)
            return found if found and any(one.startswith("MONDO:") for one in found.ids) else None
        ids = self._named("disease_name", name)
        return self._below(ids, "disease_above", "above_id") if ids else None

    def near(self, name: str, candidates: str) -> list[str]:
        """The names nearest to one that is none, of the column `name` of a query."""
        rows = self.con.execute(
            f"SELECT name, min(damerau_levenshtein(lower(name), lower($name))) AS far FROM ({candidates}) WHERE name <> '' GROUP BY name "
            "ORDER BY far, length(name), name LIMIT $most",
            {"name": name, "most": NEAR},
        ).fetchall()
        return [found for i, (found, far) in enumerate(rows) if i == 0 or far <= len(name) / 2]

    def _named(self, table: str, name: str) -> list[str]:
        """Terms of that id, else of that name, else of that synonym."""
        key = name.replace("_", " ")
        for condition in ("upper(term_id) = upper($name)", "lower(name) = lower($key)", "lower(synonym) = lower($key)"):
            values = {"name": name} if "$name" in condition else {"key": key}
            rows = self.con.execute(f"SELECT DISTINCT term_id FROM {table} WHERE {condition} ORDER BY term_id", values).fetchall()
            if rows:
                return [term_id for (term_id,) in rows]
        return []

    def _below(self, ids: list[str], table: str, above: str) -> Meaning:
        names = self.con.execute(
            f"SELECT DISTINCT term_id || ' ' || name FROM {'disease_name' if table == 'disease_above' else 'term'} "
            "WHERE term_id IN (SELECT unnest($ids)) ORDER BY 1",
            {"ids": ids},
        ).fetchall()
        said = " or ".join(name for (name,) in names)
        if self.exact:
            return Meaning(ids, f"{said}, nothing below")
        if table == "closure" and "closure" not in self.tables:
            self._bring_closure()
        rows = self.con.execute(f"SELECT DISTINCT term_id FROM {table} WHERE {above} IN (SELECT unnest($ids))", {"ids": ids}).fetchall()
        every = sorted({*ids, *(term_id for (term_id,) in rows)})
        return Meaning(every, f"{said}, {len(every) - len(ids):,} terms below" if len(every) > len(ids) else said)

    def _bring_closure(self) -> None:
        """What lies below what, from the ontology of this program: the release is of a version that did not keep it."""
        from curation.compiled import find_or_make
        from curation.database import connect
        from curation.ontology import compile_tables, compiled_key
        from curation.resources import ontology_folder

        folder = ontology_folder()
        file = find_or_make(compiled_key(folder), partial(compile_tables, folder)) / "closure.parquet"
        other = connect()
        try:
            rows = fetch_arrow(other, "SELECT term_id, ancestor_id FROM read_parquet($file)", {"file": str(file)})
        finally:
            other.close()
        self.con.register("closure", rows)
        self.tables.add("closure")
        self.notes.append(f"{self.place} does not hold what lies below a term: taken from the ontology of this program")

    def _refuse_obsolete(self, term_id: str) -> None:
        for name, successor in self.con.execute(
            "SELECT name, replaced_by FROM obsolete_term WHERE term_id = $id", {"id": term_id}
        ).fetchall():
            raise UnknownName(
                f"{term_id} ({name}) was withdrawn; " + (f"its successor is {successor}" if successor else "it has no successor")
            )
