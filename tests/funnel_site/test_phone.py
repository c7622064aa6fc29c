"""Phone numbers: every spelling of one number is one customer, and nonsense is nobody."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel_site.lib.phone import PhoneError, mask_phone, normalise_phone, phone_search_digits


@pytest.mark.parametrize(
    "text",
    [
        "08123456789",
        "8123456789",
        "628123456789",
        "+628123456789",
        "+62 812-3456-789",
        "+62 (0)812 3456 789",
        "(+62) 812.3456.789",
        "(0812) 3456-789",
        "[0812] 3456/789",
        "00628123456789",
        "00 62 812 3456 789",
        "whatsapp:+628123456789",
        "WhatsApp: 08123456789",
        "sms:+628123456789",
        "tel:0812-3456-789",
        "\u200b08123456789",
        "\u202a+62 812\u20113456\u2011789\u202c",
        "\ufeff0812\u00ad3456789",
        "０８１２３４５６７８９",
        "＋６２　８１２　３４５６　７８９",
        "0812\u2013 3456\u00a0789",
        "0812−3456−789",
        " 08123456789\r\n",
    ],
)
def test_every_spelling_of_an_indonesian_number_is_one_number(text: str) -> None:
    assert normalise_phone(text, "ID") == "+628123456789"
    assert normalise_phone(text, "id") == "+628123456789"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "+",
        "++62",
        "++628123456789",
        "+62+8123456789",
        "628123456789+",
        "62812a",
        "62812345678a",
        "QWERTY",
        "1-800-FLOWERS",
        "whatsapp:",
        "whatsapp:sms:08123456789",
        "٠٨١٢٣٤٥٦٧٨٩",
        "०८१२३४५६७८९",
        "08123456789 ext. 5",
        "08123456789;ext=5",
        "*123*456789#",
        "0812'; DROP TABLE message;--",
        "08123456789\n08123456788",
        "08123456789\x00",
        "0812\ud8003456789",
        "123",
        "12345",
        "+62812",
        "0812345",
        "1234567",
        "06183519",
        "08123456",
        "628123456",
        "+628123456",
        "1234567890123456",
        "+6281234567890123",
        "00000000000",
        "0" * 64,
        "1" * 10_000,
        "+999123456789",
        "+0812345678",
    ],
)
def test_what_is_no_phone_number_is_refused_without_being_echoed(text: str) -> None:
    with pytest.raises(PhoneError) as refusal:
        normalise_phone(text, "ID")

    assert len(text.strip()) < 3 or text.strip() not in str(refusal.value)
    assert not any(letter.isdigit() for letter in str(refusal.value))


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("(415) 523-8886", "US", "+14155238886"),
        ("1 415 523 8886", "US", "+14155238886"),
        ("07911 123456", "GB", "+447911123456"),
        ("+44 (0)20 7946 0958", "ID", "+442079460958"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("06 6982 1234", "IT", "+390669821234"),
        ("8 912 345-67-89", "RU", "+79123456789"),
        ("701 234 5678", "KZ", "+77012345678"),
        ("012-345 6789", "MY", "+60123456789"),
        ("6512 3456", "SG", "+6565123456"),
        ("9123 4567", "SG", "+6591234567"),
        ("0912 345 678", "VN", "+84912345678"),
        ("0917 123 4567", "PH", "+639171234567"),
        ("081 234 5678", "TH", "+66812345678"),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("090-1234-5678", "JP", "+819012345678"),
        ("050 123 4567", "AE", "+971501234567"),
        ("0501234567", "SA", "+966501234567"),
        ("0803 123 4567", "NG", "+2348031234567"),
        ("0712 345678", "KE", "+254712345678"),
        ("0412 345 678", "AU", "+61412345678"),
        ("611 1234", "IS", "+3546111234"),
        ("712 3456", "BN", "+6737123456"),
        ("+6737123456", "ID", "+6737123456"),
    ],
)
def test_numbers_are_read_as_their_country_dials_them(text: str, region: str, number: str) -> None:
    assert normalise_phone(text, region) == number


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("9123456789", "IN", "+919123456789"),
        ("919123456789", "IN", "+919123456789"),
        ("391 234 5678", "IT", "+393912345678"),
        ("55 99123-4567", "BR", "+5555991234567"),
        ("5511987654321", "BR", "+5511987654321"),
    ],
)
def test_a_mobile_that_begins_with_its_own_country_code_stays_at_home(
    text: str, region: str, number: str
) -> None:
    assert normalise_phone(text, region) == number


@pytest.mark.parametrize("text", ["62899999999", "+62899999999", "0899999999"])
def test_a_range_that_nobody_has_assigned_yet_is_taken(text: str) -> None:
    assert normalise_phone(text, "ID") == "+62899999999"


def test_a_number_only_dialled_inside_its_town_is_refused() -> None:
    with pytest.raises(PhoneError):
        normalise_phone("+1 523 8886", "US")


def test_a_foreign_whatsapp_id_without_a_plus_is_its_own_country() -> None:
    assert normalise_phone("14155238886", "ID") == "+14155238886"


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        (["+52 1 55 1234 5678", "+525512345678", "whatsapp:+5215512345678"], "+525512345678"),
        (["5215512345678", "525512345678"], "+525512345678"),
        (["+54 9 11 1234-5678", "+54 11 1234-5678", "+54 9 11 1234 5678"], "+541112345678"),
        (["+5511987654321", "+551187654321", "whatsapp:+551187654321"], "+5511987654321"),
        (["+551132654321", "55 11 3265-4321"], "+551132654321"),
    ],
)
def test_national_variants_are_one_number_and_landlines_are_left_alone(
    texts: list[str], number: str
) -> None:
    assert {normalise_phone(text, "ID") for text in texts} == {number}


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("011 15 1234-5678", "AR", "+541112345678"),
        ("11 8765-4321", "BR", "+5511987654321"),
        ("51 8765-4321", "BR", "+5551987654321"),
        ("11 3265-4321", "BR", "+551132654321"),
        ("5215512345678", "MX", "+525512345678"),
        ("55 1234 5678", "MX", "+525512345678"),
    ],
)
def test_variants_typed_at_home_are_folded_too(text: str, region: str, number: str) -> None:
    assert normalise_phone(text, region) == number


def test_without_a_known_region_only_international_numbers_are_read() -> None:
    assert normalise_phone("+628123456789", "") == "+628123456789"
    with pytest.raises(PhoneError):
        normalise_phone("08123456789", "XX")


@given(st.text(alphabet="0123456789+- ().a\u200b٠", max_size=24), st.sampled_from(["ID", "BR", ""]))
def test_what_is_accepted_is_e164_and_reads_as_itself_again(text: str, region: str) -> None:
    try:
        number = normalise_phone(text, region)
    except PhoneError:
        return

    assert number.startswith("+")
    assert number[1:].isdigit()
    assert 8 <= len(number) - 1 <= 15
    assert normalise_phone(number, region) == number


@given(st.text(max_size=100), st.text(max_size=3))
def test_any_text_gives_a_number_or_a_phone_error(text: str, region: str) -> None:
    with suppress(PhoneError):
        assert normalise_phone(text, region).startswith("+")


@pytest.mark.parametrize(
    ("number", "shown"), [("+628123456789", "*********6789"), ("1234", "****"), ("", "")]
)
def test_a_masked_number_shows_its_last_four_digits_only(number: str, shown: str) -> None:
    assert mask_phone(number) == shown


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("0812-3456", "8123456"),
        ("+62 812 3456", "628123456"),
        ("62812", "62812"),
        ("+62 (0)812 3456 789", "628123456789"),
        ("６７８９", "6789"),
        ("whatsapp:+628123456789", "628123456789"),
        ("5215512345678", "525512345678"),
        ("+54 9 11 1234-5678", "541112345678"),
        ("551187654321", "5511987654321"),
        ("budi", ""),
        ("", ""),
    ],
)
def test_what_staff_type_becomes_digits_that_stored_numbers_contain(
    typed: str, digits: str
) -> None:
    assert phone_search_digits(typed) == digits
