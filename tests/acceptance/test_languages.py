"""Which language a reader gets: by `Accept-Language`, by `--language`, else by the site's setting; and all of it."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.acceptance import AS_OF, FIXED, Ran, invoke, write
from tests.cards_golden import golden_cards, golden_charts
from tests.http_calls import SERVICE, Json, cards_of, client, hook_request, service, simple_chart
from tests.korean import english_in, latin_words, sentences_of, shown_in
from tests.order_calls import ORDER_SIGN, enrolled_chart, order_request, tace

KOREAN = "COTSOM에 적합할 수 있음"
ENGLISH = "May qualify for COTSOM"
TEXT = ("--as-of", AS_OF, "--time-zone", "Asia/Seoul", "--format", "text")
PATIENTS = Path(__file__).parents[2] / "cds_service" / "demo" / "patients"


def summary(accept: str | None, language: str = "en") -> str:
    headers = {} if accept is None else {"Accept-Language": accept}
    caller = client() if language == "en" else service(language=language).test_client()
    answer = caller.post(SERVICE, json=hook_request(simple_chart()), headers=headers)
    text: str = cards_of(answer)[0]["summary"]
    told = "ko" if text.startswith(KOREAN) else "en"
    assert answer.headers["Content-Language"] == told
    assert {"Accept-Language", "Origin"} <= {*", ".join(answer.headers.getlist("Vary")).split(", ")}
    return told


@pytest.mark.parametrize(
    ("accept", "language"), [(None, "en"), ("ko-KR,ko;q=0.9,en;q=0.5", "ko"), ("en", "en"), ("fr", "en")]
)
def test_a_call_is_answered_in_the_language_it_accepts(accept: str | None, language: str) -> None:
    assert summary(accept) == language


def test_a_call_that_accepts_none_of_ours_is_answered_in_the_sites() -> None:
    assert [summary(accept, "ko") for accept in (None, "fr", "en-GB")] == ["ko", "ko", "en"]


def test_order_cards_are_in_the_language_too() -> None:
    request = order_request([tace()], enrolled_chart())
    (card,) = cards_of(client().post(ORDER_SIGN, json=request, headers={"Accept-Language": "ko"}))
    recorded = latin_words(request)
    assert [word for text in shown_in(card) for word in english_in(text, recorded)] == []
    (english,) = cards_of(client().post(ORDER_SIGN, json=request))
    assert english["uuid"] == card["uuid"]
    codes = [[reason["code"] for reason in one["overrideReasons"]] for one in (card, english)]
    assert codes[0] == codes[1]


@pytest.mark.parametrize("name", sorted(golden_charts()))
def test_no_english_is_left_in_a_korean_card(name: str) -> None:
    recorded = latin_words(golden_charts()[name]["bundle"])
    for card in golden_cards(name, "ko"):
        assert len(card["summary"]) < 140
        assert [word for text in shown_in(card) for word in english_in(text, recorded)] == []


@pytest.mark.parametrize("name", sorted(golden_charts()))
def test_a_korean_card_says_of_the_patient_what_the_english_one_says(name: str) -> None:
    korean, english = (golden_cards(name, language) for language in ("ko", "en"))
    assert [stripped(card) for card in korean] == [stripped(card) for card in english]


def stripped(card: Json) -> Json:
    """The card without its words: what is left is codes, dates, values and ids."""
    assessment = card["extension"]["org.cotsom-cds"]["assessment"]
    lines = [{**line, "reason": ""} for line in assessment["criteria"]]
    steps = [{**step, "reason": ""} for step in assessment.get("steps", ())]
    missing = [{**item, "text": ""} for item in assessment.get("missing", ())]
    quality = [issue["reference"] for issue in assessment.get("dataQuality", ())]
    own = {**assessment, "criteria": lines, "steps": steps, "missing": missing, "dataQuality": quality}
    return {"uuid": card["uuid"], "indicator": card["indicator"], "assessment": own}


def assess(folder: Path, *options: str, **environment: str) -> Ran:
    chart = folder / write(folder, "chart.json", simple_chart())
    return invoke("assess", str(chart), *FIXED, *options, **environment)


def test_the_command_line_asks_the_option_then_the_site_then_speaks_english(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('language = "ko"\n')
    reasons = {
        "option": assess(tmp_path, "--language", "ko"),
        "site": assess(tmp_path, "--site", str(tmp_path / "site.toml")),
        "variable": assess(tmp_path, COTSOM_LANGUAGE="ko"),
        "option over site": assess(tmp_path, "--language", "en", COTSOM_LANGUAGE="ko"),
        "nothing": assess(tmp_path),
    }
    texts = {name: ran.documents[0]["criteria"][0]["reason"] for name, ran in reasons.items()}
    assert {name for name, text in texts.items() if "기록 있음" in text} == {"option", "site", "variable"}
    assert [list(ran.documents[0]) for ran in reasons.values()] == [list(reasons["nothing"].documents[0])] * 5


def test_a_language_without_words_is_refused(tmp_path: Path) -> None:
    ran = assess(tmp_path, COTSOM_LANGUAGE="tlh")
    assert (ran.code, ran.out) == (2, "")
    assert "COTSOM_LANGUAGE: one of en, ko was expected" in ran.err


def test_no_english_is_left_on_the_command_line() -> None:
    recorded = latin_words([json.loads(file.read_bytes()) for file in PATIENTS.glob("*.json")])
    assessed = invoke("assess", str(PATIENTS), *FIXED, "--language", "ko").documents
    sentences = [sentence for document in assessed for sentence in sentences_of(document)]
    for timeline in invoke("timeline", str(PATIENTS), *FIXED, "--tace", "2026-12-03", "--language", "ko").documents:
        sentences += [timeline["note"] or "", *(one["text"] for one in timeline["events"])]
        sentences += [one["reason"] for one in (timeline["cycle"] or {}).get("conflicts", ())]
    assert len(assessed) == len(sorted(PATIENTS.glob("*.json")))
    assert {word for text in sentences for word in english_in(text, recorded)} <= {"assess"}


def test_no_english_is_left_in_the_page_and_the_picture_of_a_patient(tmp_path: Path) -> None:
    chart = next(PATIENTS.glob("13-*.json"))
    recorded = latin_words(json.loads(chart.read_bytes())) | {"KST", "COTSOM"}
    for command, shape in (("assess", "html"), ("timeline", "svg")):
        file = tmp_path / f"patient.{shape}"
        options = (*FIXED[:-1], shape, "--output", str(file), "--language", "ko")
        assert invoke(command, str(chart), *options).code == 0
        shown = re.sub(r"<(style|script)\b.*?</\1>", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        texts = re.findall(r">([^<]+)<|(?:aria-label|title|alt)=\"([^\"]*)\"", shown)
        assert [word for text in texts for word in english_in(unescape(" ".join(text)), recorded)] == []


def test_the_text_for_people_is_korean_and_fits_the_terminal(tmp_path: Path) -> None:
    chart = str(tmp_path / write(tmp_path, "chart.json", enrolled_chart()))
    recorded = latin_words([enrolled_chart(), chart]) | set("PIRETxv") | {"KST", "NEXT"}
    for command, phrase in ((("assess", chart, *TEXT), "복수 없음"), (("timeline", chart, *TEXT), "연구 등록")):
        ran = invoke(*command, "--language", "ko")
        assert (ran.code, ran.err) == (0, "")
        assert phrase in ran.out
        assert max(map(cell_len, ran.out.splitlines())) <= 200
        assert [word for line in ran.out.splitlines() for word in english_in(line, recorded)] == []


def test_the_rows_of_a_korean_chart_stand_under_each_other(tmp_path: Path) -> None:
    chart = str(tmp_path / write(tmp_path, "chart.json", enrolled_chart()))
    out = invoke("timeline", chart, *TEXT, "--language", "ko").out.splitlines()
    start = next(at for at, line in enumerate(out) if line.startswith("오늘"))
    today = cell_len(out[start][: out[start].index("v")])
    rows = out[start + 1 : next(at for at, line in enumerate(out) if line.startswith("T TACE"))]
    marked = [row for row in rows if "|" in row]
    assert len(marked) > 2
    assert {cell_len(row[: row.index("|")]) for row in marked} == {today}


def test_no_english_is_left_in_the_protocol_shown() -> None:
    out = invoke("protocol", "show", "--language", "ko").out
    lines = out[: out.index("기준값과 기간")].splitlines()
    assert [word for line in lines[1:] for word in english_in(line.replace("10*3/uL", ""))] == []
    assert ENGLISH not in out
