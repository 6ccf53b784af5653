"""Waivers excuse exactly what they name, exactly as long as they say."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gleis import waivers
from gleis.contract import ContractError
from gleis.findings import Finding, Severity
from gleis.waivers import MAXIMUM_DAYS, Waiver, match, today_of

TODAY = date(2026, 11, 23)
FINDING = Finding(
    "SOP-003", Severity.HIGH, "not pinned", "pin it", ".github/workflows/ci.yml", 7,
    fingerprint="0" * 32,
)  # fmt: skip
WAIVER = Waiver(
    rule="SOP-003",
    path=".github/workflows/ci.yml",
    owner="drivetrain-ml@example.com",
    approver="ml-platform@example.com",
    ticket="ML-1",
    reason="the action has no release yet",
    created=date(2026, 11, 1),
    expires=date(2026, 11, 30),
    line=4,
)
TEXT = """apiVersion: gleis/v1
kind: Waivers
waivers:
  - rule: SOP-003
    path: src/
    owner: a@example.com
    approver: b@example.com
    ticket: ML-1
    reason: until the vendor ships
    created: 2026-11-01
    expires: 2026-11-30
"""

paths = st.text(
    st.sampled_from("abAB./\\*?[]{}é e\u0301\u200b~-_") | st.characters(codec="utf-8"), max_size=20
)


def _waives(waiver: Waiver, file: str = "src/a.py", today: date = TODAY) -> bool:
    return match([replace(FINDING, file=file)], [waiver], today)[0].waiver is not None


def test_a_waiver_excuses_its_finding_and_says_who_approved():
    (finding,) = match([FINDING], [WAIVER], TODAY)

    assert finding.waiver == WAIVER.reference()
    assert not finding.fails


@pytest.mark.parametrize(
    "other",
    [
        {"rule": "SOP-004"},
        {"path": ".github/workflows/cd.yml"},
        {"path": ".github/workflows"},
        {"path": ".github/work/"},
        {"path": "github/workflows/"},
        {"path": ".GITHUB/workflows/ci.yml"},
        {"fingerprint": "1" * 32},
    ],
)
def test_a_waiver_for_something_else_excuses_nothing_and_is_unused(other):
    finding, unused = match([FINDING], [replace(WAIVER, **other)], TODAY)

    assert finding == FINDING
    assert unused.rule == "waiver-unused"
    assert unused.place == "waivers.yaml:4"


def test_a_folder_with_a_trailing_slash_covers_what_is_below_it():
    assert _waives(replace(WAIVER, path="src/"), "src/deep/a.py")
    assert not _waives(replace(WAIVER, path="src/"), "src")
    assert not _waives(replace(WAIVER, path="src/"), "src2/a.py")
    assert not _waives(replace(WAIVER, path="src"), "src/a.py")


def test_the_same_name_in_another_unicode_form_is_the_same_file():
    name = "daten/prüfung.csv"
    for form in ("NFC", "NFD"):
        for other in ("NFC", "NFD"):
            waiver = replace(WAIVER, path=unicodedata.normalize(form, name))
            assert _waives(waiver, unicodedata.normalize(other, name))


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/etc/passwd", "absolute"),
        ("/", "absolute"),
        ("../x", "upwards"),
        ("src/../x", "upwards"),
        ("src/../", "upwards"),
        ("./src/", "plain form"),
        ("src//a.py", "plain form"),
        (".", "plain form"),
        ("./", "plain form"),
        ("", "plain form"),
        ("src\\a.py", "backslash"),
        ("src/*.py", "glob"),
        ("**", "glob"),
        ("src/[ab].py", "glob"),
        ("src/a\u200b.py", "cannot be seen"),
        ("src/a\n.py", "cannot be seen"),
    ],
)
def test_a_path_that_is_not_one_plain_name_waives_nothing(path, says):
    waiver = replace(WAIVER, path=path)

    results = match([replace(FINDING, file=path), FINDING], [waiver], TODAY)

    assert all(finding.waiver is None for finding in results)
    assert any(f.rule == "waiver-malformed" and says in f.message for f in results)


@given(st.data())
def test_no_path_covers_more_than_it_names(data):
    path = data.draw(paths)
    folder, _, name = path.rpartition("/")
    variants = [path, path + data.draw(paths), data.draw(paths) + path, folder, name]
    variants += [unicodedata.normalize(form, path) for form in ("NFC", "NFD", "NFKC")]
    variants += [path.rstrip("/"), path.casefold(), path.replace("..", ""), "a.py", "src/a.py"]
    file = data.draw(st.sampled_from(variants))

    if _waives(replace(WAIVER, path=path), file):
        wanted, actual = unicodedata.normalize("NFC", path), unicodedata.normalize("NFC", file)
        assert actual == wanted or (wanted.endswith("/") and actual.startswith(wanted))
        assert not {"..", ".", ""} & set(path.removesuffix("/").split("/"))
        assert not set("*?[]{}\\") & set(path)


@given(path=paths.filter(lambda text: not text.endswith("/")), more=paths.filter(bool))
def test_a_file_never_covers_a_longer_name(path, more):
    file = path + more
    assume(unicodedata.normalize("NFC", file) != unicodedata.normalize("NFC", path))

    assert not _waives(replace(WAIVER, path=path), file)


def test_it_holds_on_its_last_day_and_not_on_the_next():
    waiver = replace(WAIVER, path="src/a.py")

    assert _waives(waiver, today=waiver.expires)
    finding = match([replace(FINDING, file="src/a.py")], [waiver], date(2026, 12, 1))[0]
    assert finding.waiver is None
    assert "waivers.yaml:4 does not hold: it expired on 2026-11-30" in finding.message


@given(st.integers(-3000, 3000), st.timezones())
def test_one_second_after_its_last_day_it_has_expired_wherever_one_is(seconds, zone):
    end = datetime(2026, 12, 1, tzinfo=UTC)
    now = (end + timedelta(seconds=seconds)).astimezone(zone)

    assert _waives(replace(WAIVER, path="src/a.py"), today=today_of(now)) is (seconds < 0)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        today_of(datetime(2026, 12, 1))


def test_a_day_begins_at_midnight_utc():
    assert today_of(datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))) == date(
        2026, 11, 30
    )


@pytest.mark.parametrize("severity", list(Severity))
def test_the_worse_the_finding_the_shorter_its_waiver(severity):
    limit = MAXIMUM_DAYS[severity]
    finding = replace(FINDING, severity=severity)
    longest = replace(WAIVER, expires=WAIVER.created + timedelta(days=limit))
    longer = replace(WAIVER, expires=WAIVER.created + timedelta(days=limit + 1))

    assert match([finding], [longest], WAIVER.created)[0].waiver
    (refused,) = match([finding], [longer], WAIVER.created)
    assert f"may be waived for {limit} at most" in refused.message


def test_the_longest_lives_follow_the_scale():
    assert all(MAXIMUM_DAYS[worse] < MAXIMUM_DAYS[better] for worse, better in pairwise(Severity))


@pytest.mark.parametrize(
    "approver",
    ["drivetrain-ml@example.com", " Drivetrain-ML@Example.com", "ｄrivetrain-ml@example.com"],
)
def test_nobody_approves_their_own_waiver(approver):
    finding, malformed = match([FINDING], [replace(WAIVER, approver=approver)], TODAY)

    assert finding.waiver is None
    assert "owner and approver are the same" in malformed.message


@pytest.mark.parametrize(
    ("dates", "says"),
    [
        ({"created": date(2026, 11, 24)}, "created in the future"),
        ({"created": date(2026, 11, 20), "expires": date(2026, 11, 19)}, "before it was created"),
    ],
)
def test_dates_that_cannot_be_meant_waive_nothing(dates, says):
    finding, malformed, *_ = match([FINDING], [replace(WAIVER, **dates)], TODAY)

    assert finding.waiver is None
    assert malformed.rule == "waiver-malformed"
    assert says in malformed.message


def test_of_two_waivers_the_valid_one_holds_and_the_other_is_unused():
    old = replace(WAIVER, ticket="ML-0", expires=date(2026, 11, 10))

    finding, unused = match([FINDING], [old, WAIVER], TODAY)

    assert finding.waiver == WAIVER.reference()
    assert "ML-0" in unused.message
    assert "expired on 2026-11-10" in unused.message


def test_a_finding_without_a_file_cannot_be_waived():
    assert match([replace(FINDING, file=None)], [WAIVER], TODAY)[0].waiver is None


def test_findings_about_waivers_cannot_be_waived():
    text = TEXT.replace("SOP-003", "waiver-unused")

    with pytest.raises(ContractError, match="waiver-unused"):
        waivers.parse(text)


def test_a_file_is_read_with_the_line_of_each_entry(tmp_path):
    path = tmp_path / "waivers.yaml"
    path.write_text(TEXT)

    (waiver,) = waivers.load(path)

    assert (waiver.path, waiver.expires, waiver.line) == ("src/", date(2026, 11, 30), 4)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("approver: b@example.com", "aprover: b@example.com", "approver"),
        ("expires: 2026-11-30", "expires: never", "expires"),
        ("expires: 2026-11-30", "expires: 2026-02-30", "expires"),
        ("expires: 2026-11-30", "expires: 20261130", "expires"),
        ("    ticket: ML-1\n", "", "ticket"),
        ("reason: until the vendor ships", "reason: x", "reason"),
        ("rule: SOP-003", "rule: SOP-3", "rule"),
        ("rule: SOP-003", "rule: '*'", "rule"),
        ("kind: Waivers", "kind: Waiver", "kind"),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused_with_its_place(old, new, says):
    assert old in TEXT

    with pytest.raises(ContractError) as caught:
        waivers.parse(TEXT.replace(old, new))

    assert says in str(caught.value)
    assert "waivers.yaml:" in str(caught.value)
