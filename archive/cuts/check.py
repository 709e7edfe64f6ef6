"""Whether each rule of a cut is one boolean expression over known columns, and nothing else.

A file of one's own is trusted SQL; what is refused here is what would make it another cut than it
seems: a second statement, a subquery, an expression that ends the brackets it will be put in, a
function that gives another answer tomorrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from archive.cuts.cut import DUPLICATES, Cut, Rule, annotated
from archive.errors import UnknownName, UsageError

if TYPE_CHECKING:
    import duckdb

    from archive.schema.columns import Column

REFUSED: Final = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "STAR": "a star",
    "PARAMETER": "a parameter",
    "POSITIONAL_REFERENCE": "a column by its number",
    "LAMBDA": "a lambda",
    "DEFAULT": "a default",
}


def check(cut: Cut) -> None:
    """Raises UnknownName for a column that is not there, UsageError for what is no predicate."""
    for rule in cut.rules:
        columns_of(rule, cut.name)
        _bind(rule, cut.name)


def columns_of(rule: Rule, cut: str) -> tuple[str, ...]:
    """The columns that a rule reads, in the order of their first mention."""
    return columns_in(rule.predicate, columns(), f"rule {rule.name!r} of {cut}")


def columns_in(predicate: str, columns: Iterable[str], where: str) -> tuple[str, ...]:
    """Those of the `columns` that a predicate reads, in the order of their first mention.

    Raises UnknownName for another one, UsageError for what is not one steady expression over a
    row. `where` says whose predicate it is.
    """
    known = {name.lower(): name for name in columns}
    found: dict[str, None] = {}
    for node in _nodes(_expression(predicate, where)):
        kind = node.get("class")
        if kind in REFUSED:
            raise UsageError(
                f"{where} holds {REFUSED[kind]}", next_step="a rule is one expression over columns"
            )
        if kind == "FUNCTION" and node["function_name"].lower() in _unsteady():
            raise UsageError(
                f"{where} calls {node['function_name']}(), which does not always say the same",
                next_step="a rule depends on the document alone",
            )
        if kind == "COLUMN_REF":
            name = ".".join(node["column_names"])
            if name.lower() not in known:
                raise UnknownName(f"column in {where}", name, known.values())
            found[known[name.lower()]] = None
    return tuple(found)


@cache
def columns() -> tuple[str, ...]:
    """Every column that a rule may read."""
    from archive import schema

    described = (*schema.DOCUMENTS, *signal_columns())
    return (*(column.name for column in described), *DUPLICATES)


def signal_columns() -> tuple[Column, ...]:
    """The columns of signals, those of other packages among them."""
    if entry_points(group="lowbackground.signals"):
        from archive import signals

        return signals.columns()
    from archive import schema

    return schema.SIGNALS


def _expression(predicate: str, where: str) -> dict[str, Any]:
    """The syntax tree of the predicate.

    It is read as the only argument of a call, so that whatever closes the bracket early, adds an
    argument or stands behind it gives another tree than a call with one plain argument.
    """
    query = f"SELECT rule(\n{predicate}\n)"
    answer = _duckdb().execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
    assert answer is not None
    tree = json.loads(answer[0])
    if tree["error"]:
        raise UsageError(
            f"{where}: {tree['error_message']}",
            next_step="write one boolean expression, such as: words >= 50",
        )
    call = _only_call(tree)
    arguments: list[dict[str, Any]] = []
    if call:
        arguments = call.get("arguments") or call.get("children") or []
    if len(arguments) == 1:
        # From DuckDB 2.0 on an argument is wrapped together with its name.
        only = arguments[0]
        expression: dict[str, Any] = only.get("expression", only)
        if not only.get("name") and not expression.get("alias"):
            return expression
    raise UsageError(
        f"{where} is not one expression: {predicate!r}",
        next_step="write what may stand behind WHERE, its brackets in pairs",
    )


def _only_call(tree: dict[str, Any]) -> dict[str, Any] | None:
    """The call of `rule`, if that is all the query does."""
    if len(tree["statements"]) != 1:
        return None
    node = tree["statements"][0]["node"]
    selected: list[dict[str, Any]] = node.get("select_list") or []
    plain = (
        node["type"] == "SELECT_NODE"
        and len(selected) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not node["modifiers"]
        and not any(node[key] for key in ("where_clause", "group_expressions", "having", "qualify"))
    )
    call = selected[0] if plain else {}
    if call.get("class") != "FUNCTION" or call.get("function_name") != "rule" or call.get("alias"):
        return None
    ordered = (call.get("order_bys") or {}).get("orders")
    return None if call.get("distinct") or call.get("filter") or ordered else call


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _bind(rule: Rule, cut: str) -> None:
    import duckdb

    con = _duckdb()
    try:
        con.execute(f"SELECT 1 FROM ({annotated()}) AS annotated WHERE (\n{rule.predicate}\n)")
        con.execute(f"SELECT (\n{rule.predicate}\n) FROM ({annotated()}) AS annotated")
    except duckdb.Error as error:
        raise UsageError(
            f"rule {rule.name!r} of {cut}: {error}", next_step="see 'lowbg schema' for the types"
        ) from error
    assert con.description is not None
    kind = str(con.description[0][1])
    if kind != "BOOLEAN":
        raise UsageError(
            f"rule {rule.name!r} of {cut} gives {kind}, not true or false",
            next_step="compare it with something",
        )


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    """A database in memory with the three tables, empty: enough to parse and to bind."""
    from archive import schema
    from archive.query.connection import open_duckdb
    from archive.query.views import SQL_TYPES

    con = open_duckdb("256MB", 1, spill=False)
    tables = {
        "documents": schema.DOCUMENTS,
        "signals": signal_columns(),
        "duplicates": schema.DUPLICATES,
    }
    for name, described in tables.items():
        listed = ", ".join(f'"{column.name}" {SQL_TYPES[column.type]}' for column in described)
        con.execute(f"CREATE TABLE {name} ({listed})")
    return con


@cache
def _unsteady() -> frozenset[str]:
    """Functions whose answer depends on more than their arguments, as DuckDB lists them."""
    rows = _duckdb().execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
    )
    return frozenset(name for (name,) in rows.fetchall())
