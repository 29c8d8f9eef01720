"""What a long measurement found before a kill is not measured again; what is of something else is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.quality.kept import Kept


@dataclass(frozen=True)
class Found:
    number: int


class Measure:
    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, number: int) -> list[Found]:
        self.calls.append(number)
        return [Found(number)]


def test_it_goes_on_where_it_was(tmp_path: Path):
    out, measure = tmp_path / "record.json", Measure()
    first = Kept(out, {"seed": 1})
    assert [first.value(str(n), measure, n) for n in (1, 2)] == [[{"number": 1}], [{"number": 2}]]
    second = Kept(out, {"seed": 1})
    found = [second.value(str(n), measure, n) for n in (1, 2, 3)]
    assert found == [[{"number": 1}], [{"number": 2}], [{"number": 3}]]
    assert measure.calls == [1, 2, 3]
    second.finish(out, {"seed": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_a_line_cut_short_is_measured_again_and_the_others_are_not(tmp_path: Path):
    out, measure = tmp_path / "record.json", Measure()
    kept = Kept(out, {})
    for n in (1, 2):
        kept.value(str(n), measure, n)
    kept.path.write_text(kept.path.read_text()[:-4])
    for _ in range(2):
        again = Kept(out, {})
        for n in (1, 2, 3):
            again.value(str(n), measure, n)
    assert measure.calls == [1, 2, 2, 3]


def test_another_measurement_begins_anew(tmp_path: Path):
    out, measure = tmp_path / "record.json", Measure()
    for seed in (1, 2):
        Kept(out, {"seed": seed}).value("1", measure, 1)
    assert measure.calls == [1, 1]
