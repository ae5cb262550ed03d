"""The types that are written down for the native layer name what it has, and nothing else."""

import ast
from pathlib import Path

import engine
from engine import _native

STUB = ast.parse((Path(engine.__file__).parent / "_native.pyi").read_text(encoding="utf-8"))


def names_of(body: list[ast.stmt]) -> set[str]:
    return {node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)} | {
        node.target.id for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def public(thing: object) -> set[str]:
    return {name for name in vars(thing) if not name.startswith("_")}


def test_the_stub_names_everything_public() -> None:
    assert names_of(STUB.body) == public(_native)


def test_the_stub_names_every_member() -> None:
    for node in STUB.body:
        if isinstance(node, ast.ClassDef):
            assert names_of(node.body) - {"__init__"} == public(getattr(_native, node.name)), node.name
