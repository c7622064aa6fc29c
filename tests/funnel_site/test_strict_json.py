"""Strict JSON: everything that tables or readers could stumble over is refused by name."""

import time
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from funnel_site.lib.strict_json import JSONRefusedError, loads

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


def code_of(body: bytes) -> str:
    try:
        loads(body)
    except JSONRefusedError as refusal:
        assert refusal.detail  # noqa: PT017
        return refusal.code
    return "taken"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_body"),
        (b" \r\n\t", "empty_body"),
        (b'{"phone_number":"0812', "invalid_json"),
        (b'{"a":1,}', "invalid_json"),
        (b'{"a":1} {"b":2}', "invalid_json"),
        (b"{'a':1}", "invalid_json"),
        (b"{a:1}// why", "invalid_json"),
        (b'\xef\xbb\xbf{"a":1}', "invalid_json"),
        ('{"a":1}'.encode("utf-16-le"), "invalid_json"),
        ('{"a":1}'.encode("utf-16"), "invalid_json"),
        (b'{"a":"\xff"}', "invalid_json"),
        (b'{"a":"\xed\xa0\x80"}', "invalid_json"),
        (b'{"a":NaN}', "invalid_json"),
        (b'{"a":Infinity}', "invalid_json"),
        (b'{"a":-Infinity}', "invalid_json"),
        (b"1e999", "invalid_json"),
        (b"-1e999", "invalid_json"),
        (b'{"a":%s}' % (b"9" * 5_000), "invalid_json"),
        (b'{"a":-%s}' % (b"9" * 5_000), "invalid_json"),
        (b'{"a":18446744073709551616}', "invalid_json"),
        (b'{"a":-9223372036854775809}', "invalid_json"),
        (b'{"a":01}', "invalid_json"),
        (b'{"a":"raw\x00nul"}', "invalid_json"),
        (b'{"a":"raw\nline"}', "invalid_json"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b'[{"a":' * 17 + b"1" + b"}]" * 17, "too_deep"),
        (b'["\\"[",' * 33 + b"1" + b"]" * 33, "too_deep"),
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'{"a":1,"a":1}', "duplicate_key"),
        (b'{"a":1,"\\u0061":2}', "duplicate_key"),
        (b'[{"x":{"a":1,"b":2,"a":3}}]', "duplicate_key"),
        (b'{"a":1,"a":2,"b":"\\u003a"}', "duplicate_key"),
        (b'{"a":":","a":2,"b":"\\u003A"}', "duplicate_key"),
        (b'{"a":{"b":1},"a":":::"}', "duplicate_key"),
        (b'{"a":"\\u0000"}', "bad_text"),
        (b'{"\\u0000":1}', "bad_text"),
        (b'{"a":["\\\\\\u0000"]}', "bad_text"),
        (b'{"a":"\\ud800"}', "bad_text"),
        (b'{"a":"\\uDC00"}', "bad_text"),
        (b'{"\\ud800":1}', "bad_text"),
        (b'{"a":"\\ud83dx"}', "bad_text"),
        (b'{"a":"\\ud800"', "invalid_json"),
        (b"{%s}" % b",".join(b'"%d":1' % n for n in range(1_001)), "too_many_fields"),
        (b"[[{%s}]]" % b",".join(b'"%d":1' % n for n in range(100_000)), "too_many_fields"),
    ],
)
def test_bad_json_is_refused_by_name(body: bytes, code: str) -> None:
    assert code_of(body) == code


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"null", None),
        (b'"x"', "x"),
        (b" [] ", []),
        (b'{"a":18446744073709551615,"b":-9223372036854775808}', {"a": 2**64 - 1, "b": -(2**63)}),
        (b'{"a":"18446744073709551616"}', {"a": "18446744073709551616"}),
        (b"1234567890123456789.5", 1234567890123456789.5),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\\\ud800"', "\\ud800"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"a":"\\u003a:"}', {"a": "::"}),
        (b'{"a":"\\\\u003a"}', {"a": "\\u003a"}),
        (b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
        (b'{"a":{"a":1}}', {"a": {"a": 1}}),
        (b'["%s"]' % (b"[{" * 1_000), ["[{" * 1_000]),
        (b'["\\"%s"]' % (b"[" * 100), ['"' + "[" * 100]),
        (b"[%s]" % b",".join([b"[]"] * 1_000), [[]] * 1_000),
    ],
)
def test_what_only_looks_bad_is_taken(body: bytes, value: Any) -> None:
    assert loads(body) == value


def test_32_levels_and_1000_fields_are_taken() -> None:
    assert code_of(b"[" * 32 + b"]" * 32) == "taken"
    assert code_of(orjson.dumps({str(n): n for n in range(1_000)})) == "taken"


def test_a_refusal_never_quotes_the_body() -> None:
    with pytest.raises(JSONRefusedError) as refusal:
        loads(b'{"phone_number": secret}')

    assert "secret" not in refusal.value.detail


@given(st.binary(max_size=200) | VALUES.map(orjson.dumps).map(lambda body: body[:-1]))
@example(b'"' + b'\\"' * 50)
@example(b"[" * 50 + b"\\" + b"]" * 50)
def test_any_bytes_give_a_value_or_a_refusal(body: bytes) -> None:
    code_of(body)


@given(st.text(alphabet='{}[]",:\\u0d8a1 e-.', max_size=60))
def test_almost_json_gives_a_value_or_a_refusal(text: str) -> None:
    code_of(text.encode())


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert loads(orjson.dumps(value)) == value


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, min_size=1))
def test_a_field_that_comes_twice_is_always_seen(fields: dict[str, Any]) -> None:
    one = next(iter(fields))
    body = orjson.dumps(fields)[:-1] + b"," + orjson.dumps({one: "\u003a"})[1:]

    assert code_of(body) == "duplicate_key"


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 2**21,
        b"[" * 2**22,
        b"[" * 2**21 + b"]" * 2**21,
        b"9" * 2**22,
        b'["' + b"\\ud800" * 700_000 + b'"]',
        b"[" + b'{"a":1,"a":1},' * 290_000 + b"1]",
    ],
    ids=["quotes", "open", "nested", "digits", "surrogates", "duplicates"],
)
def test_four_megabytes_of_malice_are_refused_in_no_time(body: bytes) -> None:
    began = time.perf_counter()

    assert code_of(body) != "taken"
    assert time.perf_counter() - began < 3
