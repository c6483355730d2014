"""The house rules that no linter knows, each as a function from a file to what is wrong in it.

`tests/test_house_style.py` holds the repository to them, and proves each on a planted fault.
"""

import ast
import io
import json
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from pathlib import PurePath

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
PATTERN_NAMES = frozenset(
    {"base", "common", "core", "helpers", "manager", "models", "types", "util", "utils"}
)
IMPURE_BUILTINS = frozenset({"hash", "id", "input", "open", "print"})

_SWITCH = re.compile(r"(?:ruff:\s*)?noqa\b|type:\s*ignore\b|pragma:\s*no\b|fmt:\s*\w+|mypy:\s*\w+")
_WITH_CODE = re.compile(
    r"(?:ruff:\s*)?noqa:\s*[A-Z]+\d+|type:\s*ignore\[[\w-]+|(?:pragma|fmt|mypy):"
)
_RUFF_CODE = re.compile(r'^\s*"[A-Z]+\d*",?\s*(?P<reason>#.*)?$')
_MACHINE_PATH = re.compile(r"(?<![\w.}*])/(?:work|root|tmp)(?=/|[\"'`\s),;:]|$)", re.MULTILINE)
_REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|crates\.io|golang\.org|maven\.org"
    r"|maven\.apache\.org|debian\.org|ubuntu\.com"
)

_CENTURIES = (
    dict.fromkeys("+", 1800) | dict.fromkeys("-YXWVU", 1900) | dict.fromkeys("ABCDEF", 2000)
)
_CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_HETU = re.compile(
    r"(?<![0-9A-Z])(\d\d)(\d\d)(\d\d)([-+A-FU-Y])(\d{3})([0-9A-Y])(?![0-9A-Z])",
    re.IGNORECASE | re.ASCII,
)


def long_module(_path: PurePath, text: str) -> Iterator[str]:
    """A module is read in one sitting."""
    lines = text.count("\n")
    if lines > MODULE_LINES_MAX:
        yield f"{lines} lines (at most {MODULE_LINES_MAX})"


def long_function(_path: PurePath, text: str) -> Iterator[str]:
    """A function fits on one screen, docstring and all."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.lineno}: {node.name} has {lines} lines (at most {FUNCTION_LINES_MAX})"


def pattern_name(path: PurePath, _text: str) -> Iterator[str]:
    """A caseworker's word names a file, a pattern never does."""
    for part in (*path.parts[:-1], path.stem):
        if part.lower().strip("_") in PATTERN_NAMES:
            yield f"`{part}` says nothing of what is in it"


def missing_docstring(_path: PurePath, text: str) -> Iterator[str]:
    """Every public function, class and method says what it promises."""

    def undocumented(body: list[ast.stmt], owner: str) -> Iterator[str]:
        for node in body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            decorated = {ast.unparse(decorator) for decorator in node.decorator_list}
            if node.name.startswith("_") or decorated & {"override", "overload"}:
                continue
            if not ast.get_docstring(node):
                yield f"{node.lineno}: {owner}{node.name} has no docstring"
            if isinstance(node, ast.ClassDef):
                yield from undocumented(node.body, f"{node.name}.")

    tree = ast.parse(text)
    if not ast.get_docstring(tree):
        yield "1: the module has no docstring"
    yield from undocumented(tree.body, "")


def bare_ignore(_path: PurePath, text: str) -> Iterator[str]:
    """What is switched off names its code, and its reason after a second `#`."""
    if not _SWITCH.search(text):
        return  # to take every file apart would take as long as all other rules together
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        parts = [part.strip() for part in token.string.split("#")[1:]]
        switches = [part for part in parts if _SWITCH.match(part)]
        if not switches:
            continue
        if not all(_WITH_CODE.match(switch) for switch in switches):
            yield f"{token.start[0]}: an ignore without its code"
        if _SWITCH.match(parts[-1]) or " " not in parts[-1]:
            yield f"{token.start[0]}: an ignore without its reason after a second #"


def bare_lint_setting(_path: PurePath, text: str) -> Iterator[str]:
    """A rule that is off in the settings has its reason beside it."""
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(r"(?:select|fixable)\b.*\]\s*$", line):
            continue
        if line.rstrip().endswith("[") and "=" in line:
            inside = True
        elif line.startswith("]"):
            inside = False
        setting = _RUFF_CODE.match(line)
        if inside and setting and not setting["reason"]:
            yield f"{number}: {line.strip()} is off without a reason"


def machine_path(_path: PurePath, text: str) -> Iterator[str]:
    """The repository is at home on every machine."""
    for found in _MACHINE_PATH.finditer(text):
        yield f"{_line(text, found.start())}: a path of one machine: {found[0]}"


def registry_host(_path: PurePath, text: str) -> Iterator[str]:
    """Whoever installs chooses where packages come from."""
    for found in _REGISTRY.finditer(text):
        yield f"{_line(text, found.start())}: a package registry: {found[0]}"


def real_looking_hetu(_path: PurePath, text: str) -> Iterator[str]:
    """A HETU in the repository is an artificial one (900-999), so that it is nobody's.

    What is found is not repeated: findings are printed, and it may be somebody's.
    """
    for found in _HETU.finditer(text):
        day, month, year, sign, individual, check = found.groups()
        if not 2 <= int(individual) < 900:  # numbers that real people have
            continue
        remainder = int(day + month + year + individual) % 31
        if _CHECK_CHARACTERS[remainder] == check.upper() and _is_date(
            _CENTURIES[sign.upper()] + int(year), int(month), int(day)
        ):
            yield f"{_line(text, found.start())}: may be a real person's HETU"


def undocumented_field(_path: PurePath, text: str) -> Iterator[str]:
    """Every field of a contract says what it holds, for those who read only the contract."""

    def fields(schema: object, owner: str) -> Iterator[str]:
        if isinstance(schema, list):
            for branch in schema:
                yield from fields(branch, owner)
        elif isinstance(schema, dict):
            name = str(schema.get("name", owner))
            for field in schema.get("fields", []):
                if not str(field.get("doc", "")).strip():
                    yield f"{name}.{field.get('name')} has no doc"
            for value in schema.values():
                yield from fields(value, name)

    yield from fields(json.loads(text), "")


def library_in_domain(_path: PurePath, text: str) -> Iterator[str]:
    """The domain uses the standard library and itself."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module)):
                modules = [module]
            case _:
                continue
        for module in modules:
            own = module == "streams.domain" or module.startswith("streams.domain.")
            if not own and module.split(".")[0] not in sys.stdlib_module_names:
                yield f"{node.lineno}: imports {module}"


def impure_call_in_domain(_path: PurePath, text: str) -> Iterator[str]:
    """The domain calls nothing that reads, writes, or differs between processes."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_BUILTINS:
                yield f"{node.lineno}: calls {name}()"


def event_classes(text: str) -> Iterator[str]:
    """Name the contract events of a module: NamedTuples that begin with an envelope."""
    for node in ast.parse(text).body:
        if not isinstance(node, ast.ClassDef):
            continue
        fields = [part.target for part in node.body if isinstance(part, ast.AnnAssign)]
        is_tuple = any(ast.unparse(base).endswith("NamedTuple") for base in node.bases)
        if is_tuple and fields and ast.unparse(fields[0]) == "envelope":
            yield node.name


def events_without_contract(
    modules: Mapping[str, str], contracts: AbstractSet[str]
) -> Iterator[str]:
    """An event class and its .avsc share one name: who reads the code finds the contract."""
    for name, text in modules.items():
        for event in event_classes(text):
            if event not in contracts:
                yield f"{name}: {event} has no {event}.avsc"


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
