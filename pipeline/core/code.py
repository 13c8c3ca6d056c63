"""What code does, apart from how it is written: comments, docstrings, layout and type hints change nothing."""

import ast
from functools import cache
from pathlib import Path

TYPING = ("typing", "collections.abc")


@cache
def meaning(file: Path) -> str:
    """The syntax tree of a Python file as text, without comments, docstrings and type hints.

    Annotations of functions go; those of a class's fields stay, for they say what a record accepts.
    """
    return ast.dump(_Stripped().visit(ast.parse(file.read_text(encoding="utf-8"))))


class _Stripped(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" else self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module in TYPING else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node
