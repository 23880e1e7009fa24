"""Route templates, as ASP.NET Core reads them."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.functions.routes import Entry, RouteTable, Template
from local.functions.worker import AppError


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("api/items", "/api/items", {}),
        ("api/items", "/API/Items/", {}),
        ("api/items", "/api/items/1", None),
        ("ingest/{route}/{table?}", "/ingest/a", {"route": "a"}),
        ("ingest/{route}/{table?}", "/ingest/a/", {"route": "a"}),
        ("ingest/{route}/{table?}", "/ingest/a/T", {"route": "a", "table": "T"}),
        ("ingest/{route}/{table?}", "/ingest/a/T/x", None),
        ("ingest/{route}/{table?}", "/ingest", None),
        ("p/{id:int}", "/p/17", {"id": "17"}),
        ("p/{id:int}", "/p/x", None),
        ("p/{id:int?}", "/p", {}),
        ("p/{id:guid}", "/p/7d444840-9dc0-11d1-b245-5ffdce74fad2", {"id": "7d444840-9dc0-11d1-b245-5ffdce74fad2"}),
        ("p/{id:regex(^a+$)}", "/p/whatever", {"id": "whatever"}),
        ("p/{x=fallback}", "/p", {"x": "fallback"}),
        ("p/{x=fallback}", "/p/y", {"x": "y"}),
        ("f/{*rest}", "/f/a/b%20c", {"rest": "a/b c"}),
        ("f/{*rest}", "/f", {}),
        ("v{major}.{minor}/x", "/v1.2/x", {"major": "1", "minor": "2"}),
        ("", "/", {}),
    ],
)
def test_a_template_matches_what_it_should(template: str, path: str, values: dict[str, str] | None) -> None:
    assert Template.parse(template).match(path) == values


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_any_value_survives_the_way_through_a_url(first: str, second: str) -> None:
    encoded = f"/x/{quote(first, safe='', errors='replace')}/{quote(second, safe='', errors='replace')}"
    expected = {name: text.encode(errors="replace").decode() for name, text in (("a", first), ("b", second))}

    assert Template.parse("x/{a}/{b?}").match(encoded) == expected


@pytest.mark.parametrize("template", ["a/{b", "a/b}", "{*rest}/more", "{a}/{a}", "a/{}"])
def test_a_template_that_cannot_be_read_is_refused(template: str) -> None:
    with pytest.raises(AppError, match="route"):
        Template.parse(template)


def table(*routes: tuple[str, set[str] | None]) -> RouteTable[str]:
    return RouteTable(
        [
            Entry(template=Template.parse(route), methods=frozenset(methods) if methods else None, target=route)
            for route, methods in routes
        ]
    )


def test_the_most_specific_route_wins_whatever_the_order() -> None:
    routes = [("a/{*rest}", None), ("a/{x}", None), ("a/{x:int}", None), ("a/b", None)]
    expected = {"/a/b": "a/b", "/a/7": "a/{x:int}", "/a/c": "a/{x}", "/a/c/d": "a/{*rest}"}
    for order in (routes, routes[::-1]):
        found = table(*order)
        for path, route in expected.items():
            match = found.find("GET", path)
            assert match is not None
            assert match[0] == route


def test_a_route_whose_method_does_not_fit_is_passed_over() -> None:
    found = table(("a/{x}", {"POST"}), ("a/{*rest}", {"GET"}))

    assert found.find("GET", "/a/b") == ("a/{*rest}", {"rest": "b"})
    assert found.find("POST", "/a/b") == ("a/{x}", {"x": "b"})
    assert found.find("PUT", "/a/b") is None
