"""Amounts are read as people write them, and nothing else is taken for one."""

from decimal import Decimal

import pytest

from funnels.money import read_amounts


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("sudah transfer 1.500.000", "1500000", "IDR"),
        ("sudah transfer 1500000", "1500000", "IDR"),
        ("transfer 2025-10-01 1.500.000", "1500000", "IDR"),
        ("transfer Rp1.500.000,50", "1500000.50", "IDR"),
        ("paid 150,000.00", "150000", "IDR"),
        ("bayar 1,5 jt", "1500000", "IDR"),
        ("transfer ke rek 1234567890 sebesar 250rb", "250000", "IDR"),
        ("Rp 1.250.000", "1250000", "IDR"),
        ("150k", "150000", "IDR"),
        ("150RB", "150000", "IDR"),
        ("150 ribu", "150000", "IDR"),
        ("1,5jt", "1500000", "IDR"),
        ("1.5 juta", "1500000", "IDR"),
        ("IDR 150,000.00", "150000", "IDR"),
        ("Rp 1.500.000,-", "1500000", "IDR"),
        ("AED 1,234.50", "1234.50", "AED"),
        ("USD 20", "20", "USD"),
        ("$20", "20", "USD"),
        ("20 usd", "20", "USD"),
        ("1 500 000", "1500000", "IDR"),
        ("rp1500k", "1500000", "IDR"),
        ("350.000 rupiah", "350000", "IDR"),
        ("€1.234,50", "1234.50", "EUR"),
        ("¥5,000", "5000", "JPY"),
        ("$1.5m", "1500000", "USD"),
        ("2 jt 500 rb", "2500000", "IDR"),
        ("1.500 ribu", "1500000", "IDR"),
        ("*150.000*", "150000", "IDR"),
        ("_Rp150.000_", "150000", "IDR"),
        ("tf:150.000", "150000", "IDR"),
        ("150.000.", "150000", "IDR"),
        ("bayar 5000", "5000", "IDR"),
        ("seratus ribu", "100000", "IDR"),
        ("dua ratus lima puluh ribu", "250000", "IDR"),
        ("lima belas ribu", "15000", "IDR"),
        ("satu juta lima ratus ribu", "1500000", "IDR"),
        ("sejuta", "1000000", "IDR"),
        ("setengah juta", "500000", "IDR"),
    ],
)
def test_an_amount_is_read(text: str, value: str, currency: str) -> None:
    amounts = read_amounts(text)

    assert [(amount.value, amount.currency) for amount in amounts] == [(Decimal(value), currency)]


@pytest.mark.parametrize(
    "text",
    [
        "", "-5", "bayar -5", "bayar - 5", "1e15", "bayar 1000000000000000", "Rp 1.500.000.000.000", "OTP 482913",
        "kode 150000", "rek 1234567890", "no rek 123 456 700", "bca 123-456-7890", "081234567890", "0812-3456-7890",
        "+62 812 3456 7890", "transfer hp 0812 3456 7800", "2025-10-01", "01/10/2025", "20.04.2025", "bayar tahun 2000",
        "bayar 2025", "jam 3", "jam 15.30", "15:30", "2 orang", "3 bulan", "50%", "1/2", "order #150000",
        "bayar invoice 20250400", "bayar no pesanan 1500200", "INV/2025/00150000", "https://x.example/150000",
        "192.168.100.200", "01.234.567.8-901.000", "4111 1111 1111 1100", "JX150000", "150", "bayar 150", "150rb/orang",
        "150.000 per orang", "@150rb", "150-200rb", "250ribuan", "150.000an", "1.50.000", "150,00,00", "0150000",
        "IDR 1.5 M", "Rp 150", "bayar 1 juta 250", "20k followers", "10.000 poin", "1.200 siswa",
        "dua ribu dua puluh lima", "sejuta terima kasih", "rb", "Rp", "k", "jt", "1.500.000.000.000.000", "bayar ²",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_not_read(text: str) -> None:
    assert read_amounts(text) == []


def test_several_amounts_come_in_their_order_with_their_places() -> None:
    text = "DP 500rb pelunasan USD 1,000.50"

    amounts = read_amounts(text)

    assert [text[one.start : one.end] for one in amounts] == ["500rb", "USD 1,000.50"]
    assert [one.currency for one in amounts] == ["IDR", "USD"]


def test_an_amount_without_a_sign_is_in_the_currency_of_the_site() -> None:
    (amount,) = read_amounts("paid 1,250.00", currency="AED")

    assert (amount.value, amount.currency) == (Decimal(1250), "AED")


@pytest.mark.parametrize(
    "text", ["1" * 60_000, "1." * 30_000, "rp " * 20_000, "1 500 " * 10_000, "se" * 30_000]
)
def test_no_text_takes_long(text: str) -> None:
    assert isinstance(read_amounts(text), list)
