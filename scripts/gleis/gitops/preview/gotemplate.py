"""Go templates, evaluated by Helm itself: the engine that Argo CD's templates are written for.

All texts of all ApplicationSets become named templates of one scratch chart, so that one call
evaluates any number of parameter sets. Argo CD is told `missingkey=error`, which Helm's command
line cannot be told; so every `.field` is rewritten into an expression that fails where the field is
missing, and is the field's value otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.gitops.errors import GitopsError
from gleis.gitops.preview.helm import Helm
from gleis.gitops.state import scratch

# What Argo CD's engine has and Helm's has not
# (https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/GoTemplate/).
_ARGO_ONLY = ("normalize", "slugify")
# What Helm's has and Argo CD's has not; a template that uses them would fail there.
_HELM_ONLY = ("include", "tpl", "required", "lookup")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>/\*.*?\*/)
    |(?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])+')
    |(?P<number>[+-]?(?:\d[\w.+-]*|\.\d[\w.+-]*))
    |(?P<variable>\$\w*)
    |(?P<field>\.[^\W\d]\w*)
    |(?P<dot>\.)
    |(?P<word>[^\W\d]\w*)
    |(?P<open>\()
    |(?P<close>\))
    |(?P<other>:=|[|,=:])""",
    re.VERBOSE | re.DOTALL,
)
_ACTION = re.compile(
    r"""\{\{(?P<left>-(?=\s))?
    (?P<code>(?:/\*.*?\*/|"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])+'
        |[^"`'}]|\}(?!\}))*?)
    (?P<right>(?<=\s)-)?\}\}""",
    re.VERBOSE | re.DOTALL,
)
_OPENS = ("if", "range", "with")
_REFUSED = ("block", "break", "continue", "define", "template")  # would reach beyond the text
_END = "\x1egleis\x1e"


@dataclass(frozen=True)
class Call:
    """A template (by its number) with the parameters that it is evaluated with."""

    template: int
    parameters: Any


class TemplateFailed(GitopsError):
    """A template could not be evaluated; `call` is the number of the one that failed."""

    def __init__(self, message: str, call: int | None = None) -> None:
        super().__init__(message)
        self.call = call


def evaluate(
    helm: Helm, templates: Sequence[Sequence[str]], calls: Sequence[Call]
) -> list[list[str]]:
    """For each call the texts of its template, evaluated. A template is a list of texts.

    Raises TemplateFailed with the first call that fails.
    """
    if not calls:
        return []
    with scratch() as folder:
        chart = _chart(folder, templates)
        return _evaluated(helm, chart, templates, list(calls), 0)


def _evaluated(
    helm: Helm, chart: Path, templates: Sequence[Sequence[str]], calls: list[Call], first: int
) -> list[list[str]]:
    asked = [{"template": call.template, "parameters": call.parameters} for call in calls]
    (chart / "calls.json").write_text(json.dumps({"calls": asked}), encoding="utf-8")
    done = helm.template(chart, "applicationsets")
    if done.ok:
        return _read(done.stdout)
    if len(calls) == 1:
        raise TemplateFailed(_why(done.stderr), first)
    # Helm says what failed, but not for whom: look for the one in halves.
    middle = len(calls) // 2
    left = _evaluated(helm, chart, templates, calls[:middle], first)
    return left + _evaluated(helm, chart, templates, calls[middle:], first + middle)


def _chart(folder: Path, templates: Sequence[Sequence[str]]) -> Path:
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: gleis-scratch\nversion: 0.0.0\n")
    for number, texts in enumerate(templates):
        for index, text in enumerate(texts):
            body = strict(text)
            # A file each: what opens in one cannot be closed by another.
            (chart / "templates" / f"_{number}-{index}.tpl").write_text(
                f'{{{{- define "gleis.{number}.{index}" -}}}}{_guard(body)}{{{{- end -}}}}',
                encoding="utf-8",
            )
    sizes = json.dumps([len(texts) for texts in templates])
    (chart / "templates" / "out.yaml").write_text(
        f"""\
{{{{- $sizes := {json.dumps(sizes)} | fromJsonArray -}}}}
{{{{- $calls := (.Files.Get "calls.json" | fromJson).calls -}}}}
apiVersion: gleis/v1
kind: Scratch
metadata: {{name: scratch}}
lines: |
{{{{- range $call := $calls }}}}
{{{{- $texts := list }}}}
{{{{- $template := int $call.template }}}}
{{{{- range $index := until (int (index $sizes $template)) }}}}
{{{{- $texts = append $texts (include (printf "gleis.%d.%d" $template $index) $call.parameters) }}}}
{{{{- end }}}}
  {{{{ toJson $texts | b64enc }}}}
{{{{- end }}}}
""",
        encoding="utf-8",
    )
    return chart


def _guard(body: str) -> str:
    """`body` with a fence at both ends, so that its own trimming and ours do not meet."""
    return f"{_END}{body}{_END}"


def _read(said: str) -> list[list[str]]:
    import base64

    _, _, lines = said.partition("lines: |\n")
    found = []
    for line in lines.splitlines():
        if line.strip():
            texts = json.loads(base64.b64decode(line.strip()))
            found.append([text.removeprefix(_END).removesuffix(_END) for text in texts])
    return found


def _why(said: str) -> str:
    """Helm's last word, without the scratch chart's own names."""
    line = next((each for each in said.splitlines() if "Error:" in each or "rror" in each), said)
    missing = re.search(r"out of range", line)
    if missing:
        return "a field that the template asks for is missing in the generator's parameters"
    return re.sub(r"^.*?(at <|error calling|function \"|unexpected)", r"\1", line)[:300]


def strict(text: str) -> str:
    """`text` with every field access made to fail where the field is missing.

    Raises GitopsError for what Argo CD's engine or Helm's does not know.
    """
    _balanced(text)
    return _ACTION.sub(lambda match: _action(match, text), text)


def _balanced(text: str) -> None:
    """Raises GitopsError where a text closes what it has not opened: it stands inside of ours."""
    depth = 0
    for match in _ACTION.finditer(text):
        word = next(iter(match["code"].split()), "")
        if word in _REFUSED:
            raise GitopsError(f"the Go template {text[:80]!r} has {word}, which is not supported")
        depth += (word in _OPENS) - (word == "end")
        if depth < 0:
            raise GitopsError(f"the Go template {text[:80]!r} has an end too many")


def _action(match: re.Match[str], text: str) -> str:
    left, right = "{{-" if match["left"] else "{{", "-}}" if match["right"] else "}}"
    return f"{left}{_rewritten(match['code'], text)}{right}"


def _rewritten(code: str, text: str) -> str:
    pieces: list[str] = []
    opened: list[int] = []
    place = 0
    operand: int | None = None  # where the operand begins that a following .field belongs to
    while place < len(code):
        found = _TOKEN.match(code, place)
        if found is None:
            said = f"the Go template {text[:80]!r} has {code[place]!r}, which is no part of one"
            raise GitopsError(said)
        kind, word = str(found.lastgroup), found.group()
        place = found.end()
        if kind == "word" and word in (*_ARGO_ONLY, *_HELM_ONLY):
            who = "cannot be evaluated offline" if word in _ARGO_ONLY else "is not known to Argo CD"
            raise GitopsError(f"the Go template {text[:80]!r} uses {word}, which {who}")
        if kind == "field":
            start = operand if operand is not None else len(pieces)
            of = "".join(pieces[start:]) or "."
            pieces[start:] = [f'(index (values (pick {of} "{word[1:]}")) 0)']
            operand = start
            continue
        if kind == "open":
            opened.append(len(pieces))
        pieces.append(word)
        if kind == "variable" or kind == "dot":
            operand = len(pieces) - 1
        elif kind == "close":
            operand = opened.pop() if opened else None
        else:
            operand = None
    return "".join(pieces)


def fields(texts: Iterable[str]) -> set[str]:
    """The fields of the top that texts ask for, such as `.tenant.team`; for messages."""
    found = set()
    for text in texts:
        for action in _ACTION.finditer(text):
            found |= set(re.findall(r"(?<![\w)\"$.])\.[A-Za-z_][\w.]*", action["code"]))
    return found
