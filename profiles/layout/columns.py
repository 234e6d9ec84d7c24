"""Which columns of a table with genes in rows are samples: as told, by the tool that wrote them, by names, then by values."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from profiles import evidence, tools
from profiles.account import some
from profiles.errors import TableFault
from profiles.layout.plan import DECIDE, Head, Plan, Wish
from profiles.layout.refusals import refuse_headerless, refuse_undecided
from profiles.nearest import near

# A column that sums up the others is looked for where somebody may have put it by hand.
MOST_FOR_SUMMARIES = 64


def matching(names: Sequence[str], among: Sequence[int], patterns: Sequence[str], head: Head, option: str) -> list[int]:
    """The columns that any name or pattern means. Raises TableFault for one that means none."""
    found: list[int] = []
    for pattern in patterns:
        hits = [i for i in among if names[i] == pattern] or [i for i in among if fnmatchcase(names[i], pattern)]
        if not hits:
            known = [name for name in names if name]
            raise TableFault(
                f"{head.name}: {option} names {pattern!r}, which is no column{near(pattern, known)}; its columns are: {some(known, 12)}"
            )
        found += [i for i in hits if i not in found]
    return sorted(found)


def as_told(head: Head, wish: Wish, rest: list[int], plan: Plan) -> None:
    """The samples that the user or the metadata names; nothing else is one."""
    if wish.samples:
        chosen, why = matching(head.columns, rest, wish.samples, head, "--samples"), "not among --samples"
    else:
        chosen, why = [i for i in rest if head.columns[i] in wish.known], "no sample of the metadata"
    plan.values, plan.names = chosen, [head.columns[i] for i in chosen]
    told = {tools.sample_and_quantity(name)[1] for name in plan.names}
    tool = tools.tool_of(head.columns)
    plan.quantity = quantity if len(told) == 1 and (quantity := told.pop()) in tools.UNITS else None
    if len(chosen) == 1 and tool and not wish.known:
        plan.names = [tools.sample_of_file(head.path)]
    for i in (i for i in rest if i not in chosen):
        kind = kind_of(head, i)
        plan.put([i], "annotation" if kind else "not asked for", kind or why)


def kind_of(head: Head, i: int) -> str:
    """What a column is when it is no sample, in a word; empty where nothing says so."""
    column = head.column(i)
    if column.share_missing == 1:
        return "empty"
    return tools.kind_of_column(column.name) or ("" if column.is_number else "text")


def by_evidence(head: Head, wish: Wish, rest: list[int], plan: Plan) -> None:
    """Sort the columns that nobody named by their tool, their names and their values. Raises TableFault where a column cannot be told."""
    told = matching(head.columns, rest, wish.annotation, head, "--annotation") if wish.annotation else []
    plan.put(told, "annotation", "by --annotation")
    rest = [i for i in rest if i not in plan.fates]
    if (tool := tools.tool_of(head.columns)) and not several_samples(head, tool):
        by_tool(head, tool, rest, plan)
        return
    for i in rest:
        column = head.column(i)
        if column.share_missing == 1 or not column.is_number:
            plan.put([i], "annotation", kind_of(head, i))
    numbers = one_quantity(head, [i for i in rest if i not in plan.fates], plan)
    comparison = tools.is_comparison([head.columns[i] for i in rest])
    named = {i: kind for i in numbers if (kind := tools.kind_of_column(head.columns[i], beside_comparison=comparison))}
    unnamed = [i for i in numbers if i not in named]
    groups = tools.groups_among([head.columns[i] for i in unnamed], beside_comparison=comparison)
    named |= dict.fromkeys((unnamed[k] for k in groups), "mean or spread of a group of samples")
    genes = evidence.genes_of_rows(head.column(plan.id_column).texts)
    unnamed = [i for i in numbers if i not in named]
    for i in unnamed if len(unnamed) <= 32 else (*unnamed[:16], *unnamed[-16:]):
        if why := evidence.known_by_value(head.column(i).numbers, genes):
            named[i] = why
    left = [i for i in unnamed if i not in named]
    if len(left) <= MOST_FOR_SUMMARIES:
        named |= dict.fromkeys(evidence.summaries({i: head.column(i).numbers for i in left}), "it is the mean, median or sum of the others")
    samples = [i for i in numbers if i not in named]
    refuse_undecided(head, samples, named)
    for i, why in named.items():
        plan.put([i], "annotation", why)
    plan.values = samples
    if not plan.names:
        plan.names = [head.columns[i] for i in samples]
        if len(samples) == 1 and (head.headerless or tools.sample_and_quantity(plan.names[0])[0] == ""):
            told_by_name = tools.sample_and_quantity(plan.names[0])[1]
            plan.quantity = plan.quantity or (told_by_name if told_by_name in tools.UNITS else None)
            plan.names = [tools.sample_of_file(head.path)]
        elif head.headerless and len(samples) > 1:
            refuse_headerless(head, plan, samples)
    else:
        plan.names = [name for i, name in zip(numbers, plan.names, strict=True) if i in set(samples)]


def several_samples(head: Head, tool: tools.Tool) -> bool:
    """cuffdiff and merged tables write the quantities once for each sample."""
    return bool(tool.take) and sum(tools.plain(name) == tool.take for name in head.columns) != 1


def by_tool(head: Head, tool: tools.Tool, rest: list[int], plan: Plan) -> None:
    """One sample in several quantities."""
    plain = {i: tools.plain(head.columns[i]) for i in rest}
    if not tool.take:
        plan.values = [i for i in rest if plain[i] in tool.columns]
        plan.strands, plan.names = True, [head.columns[i] for i in plan.values]
    else:
        plan.values = [i for i in rest if plain[i] == tool.take]
        plan.names = [tools.sample_of_file(head.path)]
        plan.notes.append(f"a table of {tool.name}, one sample in several quantities: its column {head.columns[plan.values[0]]!r} is read")
    plan.quantity = tool.quantity
    for i in (i for i in rest if i not in plan.values):
        kind = kind_of(head, i)
        plan.put([i], "annotation" if kind else "another quantity", kind)


def one_quantity(head: Head, numbers: list[int], plan: Plan) -> list[int]:
    """Where columns hold the same samples in several quantities, those of one quantity; the others get their fate here."""
    pairs = {i: tools.sample_and_quantity(head.columns[i]) for i in numbers}
    samples: dict[str, list[str]] = {}
    for sample, quantity in pairs.values():
        if quantity:
            samples.setdefault(quantity, []).append(sample)
    read = [quantity for quantity in tools.QUANTITIES if quantity in samples and quantity != "other"]
    if not read:
        return numbers
    best = read[0]
    doubled = [quantity for quantity in samples if quantity != best and set(samples[quantity]) & set(samples[best])]
    lone = [i for i in numbers if not pairs[i][1] and not tools.kind_of_column(head.columns[i])]
    if not doubled:
        if not lone and len(samples) == 1 and best in tools.UNITS:
            plan.quantity = best
        return numbers
    beyond = [head.columns[i] for i in numbers if pairs[i][1] in read[1:] and pairs[i][0] not in samples[best]]
    if beyond:
        raise TableFault(
            f"{head.name}: samples stand in different quantities: {some(samples[best], 3)} as {best}, but not {some(beyond, 3)}; {DECIDE}"
        )
    for i in numbers:
        if pairs[i][1] and pairs[i][1] != best:
            kind = tools.kind_of_column(head.columns[i])
            plan.put([i], "annotation" if kind else "another quantity", kind or pairs[i][1].replace("other", ""))
    chosen = [i for i in numbers if i not in plan.fates]
    plan.quantity = best if not lone and best in tools.UNITS else None
    plan.names = [pairs[i][0] or tools.sample_of_file(head.path) for i in chosen]
    plan.notes.append(
        f"each sample stands here in several quantities: {best} is read ({some([head.columns[i] for i in chosen if pairs[i][1] == best], 3)})"
    )
    return chosen
