"""Adapters: `forward` and `backprop` as functions, for a file that has a class instead.

An adapter is Python text that is appended to the student's file. It sets the weights of a network,
calls the class's own method, and returns the gradients: those that the method returns or stores,
or the change of the weights in one step with the learning rate 1.
"""

import ast
import re
from typing import NamedTuple

from nntrain.explain.grading.function_adapters import function_adapter, function_pair
from nntrain.explain.grading.source import Source

SIZES = r"(layer_?)?(sizes|dims|layers|units)|topology|architecture|structure"
RATE = r"lr|eta|alpha|(learning|l)_?rate|step_size"
INPUT = r"x|x_?(train|batch|data)|inputs?(_list|_data)?|training_inputs|data|samples?|a_?0"
TARGET = r"y|t|y_?(train|batch|true|data)|targets?(_list)?|labels?|expected|training_outputs"
OUTPUT = r"o|out|outputs?|y_?(hat|pred)|pred(ictions?)?|a_?2|activations?"
ROUNDS = r"(n_|num_)?(epochs|iterations|iters|steps)"
FORWARD = "feedforward feed_forward forward forward_pass forward_propagation predict query think"
BACKWARD = (
    "backprop back_prop backpropagation back_propagation backpropagate backward backward_pass "
    "backward_propagation compute_gradients gradients gradient train_step train_on_batch update "
    "step train fit learn"
)
SAMPLE_BY_SAMPLE = re.compile(r"zip\((x|inputs|data|training)\w*,", re.IGNORECASE)
# The arguments of a constructor, by a network's `sizes`.
WIDTHS = [
    (SIZES, "sizes"),
    (r".*in(put)?(_?(size|nodes|dim|neurons|units|layer))?s?|n_?[x0]", "sizes[0]"),
    (r".*hid.*|n_?[h1]", "sizes[1]"),
    (r".*out.*|n_?[y2]", "sizes[-1]"),
    (RATE, "1.0"),
]
SIZES_OF = "[weights[0].size // biases[0].size, *(b.size for b in biases)]"
PAIRS = r"(mini_?)?batch|pairs|(training_)?data"
GRADIENTS = r"grads?|gradients?|derivatives"
OF_STEP = "gradient_of_step"
CHANGE = "of_weights = zip("
WIDTH = 79
LAYERS_REMARK = "  # of the networks to grade it with; 0: any number"
# What a method does to treat a whole batch; Nielsen's takes one sample.
BATCH = re.compile(r"sum\(|mean\(|keepdims|shape\[|len\(x\)|einsum", re.IGNORECASE)


class Adapter(NamedTuple):
    """How a class is graded.

    Attributes:
        name: The class, or the backward function; "" if the file has an adapter already.
        text: The lines to append; if not `complete`, with places to fill in.
        complete: Whether the lines can run.
        depth: The number of layers if it is fixed; otherwise 0.
        one_by_one: Whether the class takes one sample at a time.
        has_forward: Whether x_L can be asked for.
        step: The method that changes the weights by what `backprop` returns, if it is judged too.
        unjudged: The methods that change the weights but are not judged.
        obstacle: Why the lines are not complete.
    """

    name: str
    text: str
    complete: bool = True
    depth: int = 0
    one_by_one: bool = False
    has_forward: bool = True
    step: str = ""
    unjudged: tuple[str, ...] = ()
    obstacle: str = ""


def adapter_for(source: Source) -> Adapter | None:
    """The adapter for a file; None if it needs none or has no network's class."""
    functions = {node.name for node in source.tree.body if isinstance(node, ast.FunctionDef)}
    layers = _pasted_layers(source)
    if layers is not None:
        return Adapter("", "", True, layers, True, "forward" in functions)
    if {"forward", "backprop"} & functions:
        return None
    pair = function_pair(source.tree)
    lines = function_adapter(pair) if pair else None
    if pair and lines:
        text = f"LAYERS = {pair.depth}{LAYERS_REMARK}\n\n\n{lines}"
        text = "".join(map(fitted, text.splitlines(keepends=True)))
        unjudged = tuple(sorted(n for n in functions if re.match("(?i)update|sgd_|step|train", n)))
        return Adapter(pair.backward.name, text, True, pair.depth, unjudged=unjudged)
    fallback = None
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef):
            found = StudentsClass(node).adapter()
            if found.complete:
                return found
            computes = set((FORWARD + " " + BACKWARD).split()) & set(StudentsClass(node).methods)
            is_likely = re.search("(?i)net|mlp|perceptron|model", node.name)
            if computes and (fallback is None or is_likely):
                fallback = found
    return fallback


def _pasted_layers(source: Source) -> int | None:
    """The value of LAYERS, with which an adapter begins; None if the file has no adapter."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LAYERS":
            value = node.value
            if isinstance(value, ast.Constant) and value.value in range(6):
                return int(str(value.value))
    return None


class StudentsClass:
    """What a class's source shows about its constructor, attributes and methods."""

    def __init__(self, node: ast.ClassDef) -> None:
        self.name = node.name
        self.methods = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
        init = self.methods.get("__init__")
        self.attributes = assigned(init) if init else []
        self.weights = [a for a in self.attributes if re.match(r"(?i)w|syn|theta", a)]
        self.biases = [a for a in self.attributes if re.match(r"(?i)b(ias|_|\d|$)", a)]
        if len(self.weights) != len(self.biases) or not self.weights:
            named = [a for a in self.attributes if re.search(r"(?i)weight|(^|_)w\d?$", a)]
            named = [a for a in named if "bias" not in a]
            self.weights = named or [a for a in self.weights if re.fullmatch("(?i)w.{,3}", a)]
            self.biases = [a for a in self.attributes if re.search(r"(?i)bias|(^|_)b\d?$", a)]
        backward = self.methods.get("backward")
        parameters = [a.arg for a in backward.args.args] if backward else []
        self.is_layer = any(re.search("(?i)grad|d_?out|delta|error", a) for a in parameters)
        self.lists = len(self.weights) == 1 and self.weights[0].endswith("s")

    def adapter(self) -> Adapter:
        """The adapter: a complete one, or one to fill in."""
        made = self._construction()
        backward = self._backward()
        unpaired = not self.weights or len(self.weights) != len(self.biases)
        if unpaired or made is None or backward is None:
            text = self._to_fill_in()
            return Adapter(self.name, text, complete=False, obstacle=self._obstacle(made))
        forward = self._forward()
        one_by_one = "for k in" in backward
        depth = 0 if self.lists else len(self.weights)
        step, after_step, unjudged = self._steps(backward)
        text = f"LAYERS = {depth}{LAYERS_REMARK}\n\n\n{made}{forward}{backward}{after_step}"
        text = "".join(map(fitted, text.splitlines(keepends=True)))
        return Adapter(self.name, text, True, depth, one_by_one, bool(forward), step, unjudged)

    def _steps(self, backward: str) -> tuple[str, str, tuple[str, ...]]:
        """The first method that makes a step besides `backprop`, a function for it, and the others.

        Args:
            backward: The adapter's `backprop`.
        """
        own = {*self.weights, *self.biases}
        judged, text, unjudged = "", "", []
        for name, method in self.methods.items():
            changes = own & {*assigned(method)}
            if not changes or re.search("(?i)init|reset|load|random|set_|restore", name):
                continue
            if CHANGE in backward and f"network.{name}(" in backward:
                continue  # its steps are what is judged
            found = None if judged else self._gradient_of_step(method, backward)
            if found is None:
                unjudged.append(name)
            else:
                judged, text = name, found
        return judged, text, tuple(unjudged)

    def _gradient_of_step(self, method: ast.FunctionDef, backward: str) -> str | None:
        """A function that returns the change of the weights in one step; None if it is unclear.

        The learning rate has to be known, since all is wrong by a factor otherwise.
        """
        values = [(RATE, "1.0"), (ROUNDS, "1"), (INPUT, "x"), (TARGET, "y"), (PAIRS, "pairs")]
        values.append((GRADIENTS, "gradient"))
        arguments = call_arguments(method, values)
        has_rate = any(re.fullmatch(RATE, name) for name in self.attributes)
        if arguments is None or not (has_rate or "1.0" in arguments):
            return None
        given = {*arguments.replace(" ", "").split(",")} - {"", "1.0", "1"}
        one_by_one = "for k in" in backward
        head, _, body = backward.partition("    network = network_of(weights, biases)\n")
        computed = body.partition("    return ")[0]
        pairs = "    pairs = [(x[:, [k]], y[:, [k]]) for k in range(x.shape[1])]\n"
        if one_by_one and given == {"pairs"}:
            before = pairs
        elif not one_by_one and given == {"x", "y"}:
            before = ""
        elif not one_by_one and given <= {"gradient"} and all(g in computed for g in given):
            before = computed
        else:
            return None
        change = self._step(method, f"network.{method.name}({arguments})")
        if change is None:
            return None
        head = head.replace("backprop", OF_STEP) + "    network = network_of(weights, biases)\n"
        return f"\n\n{head}{before}{change}"

    def _obstacle(self, made: str | None) -> str:
        """Why there is no complete adapter."""
        if self.is_layer:
            return "is one layer, not the whole network"
        if self.weights and not self.biases:
            return "has no biases: give it b_i in every layer, as in the lecture"
        if made is None:
            return "has arguments of its constructor that are not the widths of the layers"
        return "does not show where its gradients are"

    def _construction(self) -> str | None:
        """A function that makes a network with given weights; None if arguments are unknown."""
        init = self.methods.get("__init__")
        arguments = call_arguments(init, WIDTHS) if init else ""
        if arguments is None:
            return None
        lines = [f"    sizes = {SIZES_OF}", f"    network = {self.name}({arguments})"]
        for names, given in ((self.weights, "weights"), (self.biases, "biases")):
            if self.lists:
                lines.append(f"    network.{names[0]} = [array.copy() for array in {given}]")
            else:
                left = ", ".join(f"network.{name}" for name in names)
                comma = "," * (len(names) < 2)
                lines.append(f"    ({left}{comma}) = (a.copy() for a in {given})")
        lines += [f"    network.{a} = 1.0" for a in self.attributes if re.fullmatch(RATE, a)]
        return "\n".join(("def network_of(weights, biases):", *lines, "    return network\n\n\n"))

    def _forward(self) -> str:
        name = next((name for name in FORWARD.split() if name in self.methods), None)
        arguments = name and call_arguments(self.methods[name], [(r".*", "x")], required=1)
        if not arguments:
            return ""
        last = "[-1]" if returns_tuple(self.methods[str(name)]) else ""
        return (
            "def forward(weights, biases, x):\n"
            f"    return network_of(weights, biases).{name}({arguments}){last}\n\n\n"
        )

    def _backward(self) -> str | None:
        """`backprop`, by the first method whose gradients can be had; None if there is none."""
        for name in BACKWARD.split():
            if name in self.methods:
                found = self._backward_by(self.methods[name])
                if found is not None:
                    return found
        return None

    def _backward_by(self, method: ast.FunctionDef) -> str | None:
        output = next((name for name in FORWARD.split() if name in self.methods), None)
        run = f"network.{output}(x)"
        if output and returns_tuple(self.methods[output]):
            run += "[-1]"
        values = [(INPUT, "x"), (TARGET, "y"), (RATE, "1.0"), (ROUNDS, "1"), (OUTPUT, "output")]
        arguments = call_arguments(method, values)
        if arguments is None or "y" not in arguments.replace(" ", "").split(","):
            return None
        head = "def backprop(weights, biases, x, y):\n    network = network_of(weights, biases)\n"
        call = f"network.{method.name}({arguments})"
        runs_itself = output is None or f"self.{output}(" in ast.unparse(method)
        before = "" if runs_itself and "output" not in arguments else f"    output = {run}\n"
        if before and "output" not in arguments:
            before = f"    network.{output}(x)\n"
        ways = (self._returned(method, call), self._stored(method, call), self._step(method, call))
        after = next((way for way in ways if way), None)
        if after is None:
            return None
        return head + (after if "for k in" in after else before + after)

    def _returned(self, method: ast.FunctionDef, call: str) -> str | None:
        """Gradients that the method returns, by the names in its return statement."""
        returned = [n.value for n in ast.walk(method) if isinstance(n, ast.Return) and n.value]
        value = returned[-1] if returned else None
        if isinstance(value, ast.Tuple):
            names = [ast.unparse(element) for element in value.elts]
        elif isinstance(value, ast.Dict):
            names = [str(k.value) for k in value.keys if isinstance(k, ast.Constant)]
        else:
            return None
        if self.lists and len(names) == 2:
            return self._returned_lists(method, call, names)
        order = [gradient_name(names, own) for own in (*self.weights, *self.biases)]
        if isinstance(value, ast.Dict) and {*self.weights, *self.biases} <= {*names}:
            order = [*self.weights, *self.biases]
        if None in order:
            return None
        keys = [o if isinstance(value, ast.Dict) else names.index(str(o)) for o in order]
        parts = [f"gradient[{key!r}]" for key in keys]
        half = len(parts) // 2
        lists = f"[{', '.join(parts[:half])}], [{', '.join(parts[half:])}]"
        return f"    gradient = {call}\n    return ({lists})\n"

    def _returned_lists(self, method: ast.FunctionDef, call: str, names: list[str]) -> str:
        by_biases_first = bool(re.search(r"(?i)(^|_|d|self\.)(db|b|biases|bias)", names[0]))
        left, right = ("nabla_b", "nabla_w") if by_biases_first else ("nabla_w", "nabla_b")
        if BATCH.search(ast.unparse(method)):
            return f"    {left}, {right} = {call}\n    return nabla_w, nabla_b\n"
        one = re.sub(r"\b([xy])\b(?=[,)])", r"\1[:, [k]]", call)
        return (
            "    B = x.shape[1]\n"
            f"    samples = [{one} for k in range(B)]\n"
            f"    {left}, {right} = (\n"
            "        [sum(layer) / B for layer in zip(*part)] for part in zip(*samples)\n"
            "    )\n"
            "    return nabla_w, nabla_b\n"
        )

    def _stored(self, method: ast.FunctionDef, call: str) -> str | None:
        """Gradients that the method stores as attributes."""
        stored = assigned(method)
        order = [gradient_name(stored, own) for own in (*self.weights, *self.biases)]
        if None in order:
            return None
        parts = [f"network.{name}" for name in order]
        half = len(parts) // 2
        lists = f"[{', '.join(parts[:half])}], [{', '.join(parts[half:])}]"
        if self.lists:
            lists = ", ".join(parts)
        return f"    {call}\n    return ({lists})\n"

    def _step(self, method: ast.FunctionDef, call: str) -> str | None:
        """The change of the weights in one step with the learning rate 1."""
        if not {*self.weights, *self.biases} <= {*assigned(method)}:
            return None
        if SAMPLE_BY_SAMPLE.search(ast.unparse(method)):  # a step for each: no single gradient
            return None
        lines = [f"    {call}"]
        for names, given in ((self.weights, "weights"), (self.biases, "biases")):
            after = ", ".join(f"network.{name}" for name in names)
            after = after if self.lists else f"({after}{',' * (len(names) < 2)})"
            lines.append(f"    of_{given} = zip({given}, {after})")
        parts = "for part in (of_weights, of_biases)"
        lines.append(f"    return [[a - b for a, b in part] {parts}]")
        return "\n".join(lines) + "\n"

    def _to_fill_in(self) -> str:
        forward = next((name for name in FORWARD.split() if name in self.methods), "forward")
        backward = next((name for name in BACKWARD.split() if name in self.methods), "backward")
        if self.is_layer and self.weights and self.biases:
            return self._layers_to_fill_in()
        names = ", ".join(f"network.{name}" for name in self.weights) or "network.weights"
        biases = ", ".join(f"network.{name}" for name in self.biases)
        depth = max(len(self.weights), 2)
        if not biases:
            biases = ", ".join(f"network.b{i}" for i in range(1, depth + 1))
        init = self.methods.get("__init__")
        data = [(INPUT, "x"), (TARGET, "y"), (RATE, "1.0"), (ROUNDS, "1")]
        runs = [
            f"    network.{name}({known_arguments(self.methods[name], data)})\n"
            for name in (forward, backward)
            if name in self.methods
        ]
        change = self.weights and {*self.weights} <= {*assigned(self.methods.get(backward))}
        result = (
            f"    of_weights = zip(weights, ({names}))\n"
            f"    of_biases = zip(biases, ({biases}))\n"
            "    return [[a - b for a, b in part] for part in (of_weights, of_biases)]\n"
            if change
            else "    return [...], [...]  # dE/dW_1 … dE/dW_L, dE/db_1 … dE/db_L\n"
        )
        lines = (
            f"LAYERS = {depth}{LAYERS_REMARK}\n\n\n"
            "def backprop(weights, biases, x, y):\n"
            f"    sizes = {SIZES_OF}\n"
            f"    network = {self.name}({known_arguments(init, [*WIDTHS, *data])})\n"
            f"    {names} = [W.copy() for W in weights]\n"
            f"    {biases} = [b.copy() for b in biases]\n"
            f"{''.join(runs)}"
            f"{result}"
        )
        return "".join(map(fitted, lines.splitlines(keepends=True)))

    def _layers_to_fill_in(self) -> str:
        method = self.methods["backward"]
        more = "".join(", 1.0" for a in method.args.args[2:])
        weights, biases = self.weights[0], self.biases[0]
        return (
            f"LAYERS = 0{LAYERS_REMARK}\n\n\n"
            "def backprop(weights, biases, x, y):\n"
            "    layers = []\n"
            "    for W, b in zip(weights, biases):\n"
            f"        layer = {self.name}(W.shape[1], W.shape[0])\n"
            f"        layer.{weights}, layer.{biases} = W.copy(), b.copy()\n"
            "        layers += [layer, ...]  # your layer that applies the sigmoid\n"
            "    output = x\n"
            "    for layer in layers:\n"
            "        output = layer.forward(output)\n"
            "    gradient = (output - y) / x.shape[1]\n"
            "    for layer in reversed(layers):\n"
            f"        gradient = layer.backward(gradient{more})\n"
            "    trained = layers[::2]\n"
            f"    by_weights = [W - l.{weights} for W, l in zip(weights, trained)]\n"
            f"    return by_weights, [b - l.{biases} for b, l in zip(biases, trained)]\n"
        )


def fitted(line: str) -> str:
    """A line of code, broken at commas within brackets where it is too long for a terminal."""
    if len(line.rstrip()) <= WIDTH:
        return line
    end = line.rfind(", ", 0, WIDTH - 1) + 1
    inside = line[:end].count("(") + line[:end].count("[")
    if not end or inside == line[:end].count(")") + line[:end].count("]"):
        return line
    return f"{line[:end]}\n{fitted(' ' * 8 + line[end:].lstrip())}"


def known_arguments(method: ast.FunctionDef | None, values: list[tuple[str, str]]) -> str:
    """The arguments for a method by its parameters' names, with `...` for an unknown one."""
    if method is None:
        return ""
    parameters = method.args.args[1 : len(method.args.args) - len(method.args.defaults)]
    given = []
    for parameter in parameters:
        found = (v for p, v in values if re.fullmatch(p, parameter.arg, re.IGNORECASE))
        given.append(next(found, f"{parameter.arg}=..."))
    keyword = False  # none may be without a name after one that has a name
    for number, parameter in enumerate(parameters):
        keyword |= "=" in given[number]
        if keyword and "=" not in given[number]:
            given[number] = f"{parameter.arg}={given[number]}"
    return ", ".join(given)


def assigned(method: ast.FunctionDef | None) -> list[str]:
    """The attributes of self that a method assigns, also by their elements, in order."""
    names: dict[str, None] = {}
    for node in ast.walk(method) if method else ():
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                inner = part.value if isinstance(part, ast.Subscript) else part
                if isinstance(inner, ast.Attribute) and ast.unparse(inner.value) == "self":
                    names[inner.attr] = None
    return list(names)


def call_arguments(
    method: ast.FunctionDef, values: list[tuple[str, str]], required: int = 0
) -> str | None:
    """The arguments for a method by its parameters' names; None if one is unknown.

    Args:
        method: The method; its first parameter is self.
        values: Patterns of names, and the argument for each.
        required: How many arguments are given; 0: all whose names are known.
    """
    parameters = method.args.args[1:]
    without_default = len(parameters) - len(method.args.defaults)
    given = []
    for number, parameter in enumerate(parameters):
        value = next((v for p, v in values if re.fullmatch(p, parameter.arg, re.IGNORECASE)), None)
        if number >= without_default:
            if value is not None and not required:
                given.append(f"{parameter.arg}={value}")
        elif value is None or (required and number >= required):
            return None
        else:
            given.append(value)
    return ", ".join(given)


def gradient_name(names: list[str], own: str) -> str | None:
    """The name that denotes the gradient by an attribute, such as dW1 for W1."""
    pattern = f"(self\\.)?(d_?|grads?_|nabla_|delta_){own}|{own}_grads?"
    return next((name for name in names if re.fullmatch(pattern, name, re.IGNORECASE)), None)


def returns_tuple(method: ast.FunctionDef) -> bool:
    """Whether a method returns several values."""
    returned = [node.value for node in ast.walk(method) if isinstance(node, ast.Return)]
    return any(isinstance(value, ast.Tuple) for value in returned)
