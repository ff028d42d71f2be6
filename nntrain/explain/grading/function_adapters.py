"""The adapter for functions whose arguments are `W1, b1, W2, b2` or a dict of these."""

import ast
import re
from typing import NamedTuple

FORWARD = re.compile(r"(?i)(feed_?)?forward(_?(pass|prop|propagation))?|predict")
BACKWARD = re.compile(r"(?i)back_?(ward|prop)?(_?(pass|prop|propagation))?|(compute_)?gradients?")
PARAMETERS = re.compile(r"(?i)param(eter)?s?|network|model|weights|theta")
INPUT = re.compile(r"(?i)x(_?(train|batch))?|inputs?|a_?0")
TARGET = re.compile(r"(?i)y(_?(train|batch|true))?|t|targets?|labels?")


class Pair(NamedTuple):
    """A forward and a backward function, and the number of layers."""

    forward: ast.FunctionDef
    backward: ast.FunctionDef
    depth: int


def function_pair(tree: ast.Module) -> Pair | None:
    """The functions for the two passes; None if the file has none, or the weights are not W1 …."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    forward = next((node for node in functions if FORWARD.fullmatch(node.name)), None)
    backward = next((node for node in functions if BACKWARD.fullmatch(node.name)), None)
    if forward is None or backward is None:
        return None
    names = {argument.arg for argument in forward.args.args}
    names |= {str(n.value) for n in ast.walk(forward) if isinstance(n, ast.Constant)}
    depth = 0
    while {f"W{depth + 1}", f"b{depth + 1}"} <= names:
        depth += 1
    return Pair(forward, backward, depth) if 1 <= depth <= 5 else None


def function_adapter(pair: Pair) -> str | None:
    """`forward` and `backprop` by a pair of functions; None if an argument is unknown."""
    layers = range(1, pair.depth + 1)
    weights, biases = ([f"{letter}{i}" for i in layers] for letter in "Wb")
    outputs = _returned(pair.forward)
    gradients = _returned(pair.backward)
    known = {*weights, *biases, *outputs}
    run = _call(pair.forward, known - {*outputs})
    back = _call(pair.backward, known)
    keys = [_gradient(gradients, own) for own in (*weights, *biases)]
    if run is None or back is None or not outputs or None in keys:
        return None
    is_dict = isinstance(_value(pair.backward), ast.Dict)
    parts = [f"gradient[{key!r}]" if is_dict else str(key) for key in keys]
    left = "gradient" if is_dict else ", ".join(gradients)
    result = _output(outputs, pair.depth)
    setup = [f"    {', '.join(names)}{',' * (pair.depth < 2)} = {given}" for names, given in
             ((weights, "weights"), (biases, "biases"))]  # fmt: skip
    container = next(
        (a.arg for f in (pair.forward, pair.backward) for a in f.args.args
         if PARAMETERS.fullmatch(a.arg)), None)  # fmt: skip
    if container:
        pairs = ", ".join(f'"{name}": {name}' for name in (*weights, *biases))
        setup.append(f"    {container} = {{{pairs}}}")
    setup.append(f"    {', '.join(outputs)} = {run}")
    lines = [
        "def forward(weights, biases, x):",
        *setup,
        f"    return {result}\n\n",
        "def backprop(weights, biases, x, y):",
        *setup,
        f"    {left} = {back}",
        f"    return ([{', '.join(parts[: pair.depth])}], [{', '.join(parts[pair.depth :])}])\n",
    ]
    return "\n".join(lines)


def _call(function: ast.FunctionDef, known: set[str]) -> str | None:
    """A call of the function by its arguments' names; None if one is unknown."""
    given = []
    arguments = function.args.args
    for argument in arguments[: len(arguments) - len(function.args.defaults)]:
        name = argument.arg
        if name in known or PARAMETERS.fullmatch(name):
            given.append(name)
        elif INPUT.fullmatch(name) or TARGET.fullmatch(name):
            given.append("x" if INPUT.fullmatch(name) else "y")
        else:
            return None
    return f"{function.name}({', '.join(given)})"


def _value(function: ast.FunctionDef) -> ast.expr | None:
    """What a function returns; of a name, what was last assigned to it."""
    value = next((n.value for n in reversed(function.body) if isinstance(n, ast.Return)), None)
    if isinstance(value, ast.Name):
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == value.id:
                return node.value if isinstance(node.value, ast.Dict) else value
    return value


def _returned(function: ast.FunctionDef) -> list[str]:
    """The names of the values that a function returns; of a dict its keys."""
    value = _value(function)
    if isinstance(value, ast.Dict):
        return [str(key.value) for key in value.keys if isinstance(key, ast.Constant)]
    elements = value.elts if isinstance(value, ast.Tuple) else [value] if value else []
    return [e.id for e in elements if isinstance(e, ast.Name)]


def _gradient(names: list[str], own: str) -> str | None:
    pattern = f"(?i)(d_?|grads?_|nabla_)?{own}(_grad)?"
    return next((name for name in names if re.fullmatch(pattern, name)), None)


def _output(names: list[str], depth: int) -> str:
    """The name of x_L: that with the last layer's number, or the only array."""
    numbered = [name for name in names if re.fullmatch(rf"(?i)[ahxo]_?{depth}", name)]
    arrays = [name for name in names if "cache" not in name.lower()]
    return (numbered or arrays)[-1]
