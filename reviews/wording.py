"""What the bot says: the shipped words of each language, and what staff may make of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from funnel_site.lib.marking import marked

LONGEST_REPLY = 1_600
"""Characters of one WhatsApp message that Twilio sends."""
LONGEST_WORDS = 1_000
PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
BRACES = re.compile(r"\{[^{}]*\}?|\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One thing that the bot says: when, and what may and must stand in it."""

    when: str
    allowed: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()


KEYS: Mapping[str, Key] = {
    "ask_product": Key(when=marked("At the start")),
    "did_you_mean": Key(
        when=marked("Where the product is nearly one of the catalogue"),
        allowed=frozenset({"product", "typed"}),
        required=frozenset({"product"}),
    ),
    "which_product": Key(
        when=marked("Where the product may be several of the catalogue"),
        allowed=frozenset({"choices", "typed"}),
        required=frozenset({"choices"}),
    ),
    "ask_name": Key(when=marked("After the product"), allowed=frozenset({"product"})),
    "ask_review": Key(when=marked("After the name"), allowed=frozenset({"product", "name"})),
    "product_again": Key(when=marked("Where the product is asked for once more")),
    "name_again": Key(
        when=marked("Where the name is asked for once more"), allowed=frozenset({"product"})
    ),
    "ask_rating": Key(
        when=marked("After the review, on lines that ask for stars"),
        allowed=frozenset({"product", "name"}),
    ),
    "resume": Key(
        when=marked("Where the last dialogue expired unfinished: whether to go on with it"),
        allowed=frozenset({"product"}),
        required=frozenset({"product"}),
    ),
    "thanks": Key(
        when=marked("When the review is recorded"), allowed=frozenset({"product", "name", "rating"})
    ),
    "help": Key(when=marked("After HELP"), allowed=frozenset({"question"})),
    "cancelled": Key(when=marked("After BATAL")),
    "nothing": Key(when=marked("After BATAL or BACK where nothing was begun")),
    "not_text": Key(
        when=marked("After an empty message, a place, a sticker …"),
        allowed=frozenset({"question"}),
        required=frozenset({"question"}),
    ),
    "media_only": Key(
        when=marked("After a picture, a film or a voice note without words"),
        allowed=frozenset({"question"}),
        required=frozenset({"question"}),
    ),
    "too_long": Key(
        when=marked("After an answer that is too long"),
        allowed=frozenset({"limit", "question"}),
        required=frozenset({"question"}),
    ),
    "no_words": Key(
        when=marked("After a review without a letter or an emoji"),
        allowed=frozenset({"question"}),
        required=frozenset({"question"}),
    ),
    "review_full": Key(
        when=marked("After more of a review than it may hold, on sites that join messages"),
        allowed=frozenset({"limit", "question"}),
    ),
    "not_a_name": Key(
        when=marked("After an answer that cannot be a name"), allowed=frozenset({"product"})
    ),
    "not_a_rating": Key(when=marked("After an answer that is not one to five stars")),
    "opted_out": Key(when=marked("After STOP, once")),
    "opted_in": Key(when=marked("After START, where STOP had been said")),
}

SHIPPED: Mapping[str, Mapping[str, str]] = {
    "en": {
        "ask_product": "Hi! Which product is this review for?",
        "did_you_mean": "Did you mean {product}? Please answer YES or NO.",
        "which_product": (
            "Which one do you mean? Please answer with its number.\n{choices}\n0. None of these"
        ),
        "ask_name": "Okay, got it. What's your name?",
        "ask_review": "Please send your review for {product}.",
        "product_again": "Which product is this review for?",
        "name_again": "What's your name?",
        "ask_rating": "How many stars do you give it, from 1 to 5?",
        "resume": (
            "Last time you started on {product} -- shall we continue? Please answer YES or NO."
        ),
        "thanks": "Thanks {name} -- your review for {product} has been recorded.",
        "help": (
            "I collect reviews. BACK goes one question back, RESET starts again, BATAL ends it,"
            " STOP ends all messages. {question}"
        ),
        "cancelled": "All right, nothing was recorded. Write to us again whenever you like.",
        "nothing": "There is nothing to go back to. Send any message to begin a review.",
        "not_text": "Sorry, I can only read text. {question}",
        "media_only": "Thank you for that! I also need it in words. {question}",
        "too_long": "Sorry, that is too long: at most {limit} characters. {question}",
        "no_words": "Please write your review in words. {question}",
        "review_full": (
            "Sorry, that is too long: your review may have at most {limit} characters, so it"
            " stays as it was. {question}"
        ),
        "not_a_name": "Sorry, I could not read that as a name. What's your name?",
        "not_a_rating": "Please answer with a number from 1 to 5.",
        "opted_out": "You will get no more messages from us. Send START if you change your mind.",
        "opted_in": "Welcome back! Send any message to begin a review.",
    },
    "id": {
        "ask_product": "Hai! Ulasan ini untuk produk apa?",
        "did_you_mean": "Maksud Anda {product}? Jawab YA atau TIDAK.",
        "which_product": (
            "Yang mana yang Anda maksud? Jawab dengan nomornya.\n{choices}\n0. Tidak ada di sini"
        ),
        "ask_name": "Oke, dicatat. Siapa nama Anda?",
        "ask_review": "Silakan kirim ulasan Anda untuk {product}.",
        "product_again": "Ulasan ini untuk produk apa?",
        "name_again": "Siapa nama Anda?",
        "ask_rating": "Berapa bintang yang Anda berikan, dari 1 sampai 5?",
        "resume": "Terakhir Anda mulai mengulas {product} -- lanjutkan? Jawab YA atau TIDAK.",
        "thanks": "Terima kasih {name} -- ulasan Anda untuk {product} sudah dicatat.",
        "help": (
            "Saya mengumpulkan ulasan. KEMBALI ke pertanyaan sebelumnya, RESET mulai lagi,"
            " BATAL mengakhiri, BERHENTI menghentikan semua pesan. {question}"
        ),
        "cancelled": "Baik, tidak ada yang dicatat. Silakan hubungi kami lagi kapan saja.",
        "nothing": "Belum ada yang bisa diulang. Kirim pesan apa saja untuk memulai ulasan.",
        "not_text": "Maaf, saya hanya bisa membaca teks. {question}",
        "media_only": "Terima kasih! Mohon tuliskan juga dengan kata-kata. {question}",
        "too_long": "Maaf, terlalu panjang: paling banyak {limit} karakter. {question}",
        "no_words": "Mohon tulis ulasan Anda dengan kata-kata. {question}",
        "review_full": (
            "Maaf, terlalu panjang: ulasan paling banyak {limit} karakter, jadi ulasan Anda tetap"
            " seperti semula. {question}"
        ),
        "not_a_name": "Maaf, itu tidak terbaca sebagai nama. Siapa nama Anda?",
        "not_a_rating": "Mohon jawab dengan angka 1 sampai 5.",
        "opted_out": "Anda tidak akan menerima pesan lagi. Kirim START jika berubah pikiran.",
        "opted_in": "Selamat datang kembali! Kirim pesan apa saja untuk memulai ulasan.",
    },
}


def words_of(texts: Mapping[str, str], language: str) -> dict[str, str]:
    """The shipped words of a language with staff's own in place of those that they changed."""
    shipped = SHIPPED.get(language, SHIPPED["en"])
    return {key: texts.get(key) or words for key, words in shipped.items()}


def problems(texts: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with staff's words, by name; nothing where all can be used."""
    found = {}
    for key, words in texts.items():
        if reason := _problem(key, words):
            found[key] = reason
    return found


def _problem(key: str, words: object) -> str:
    if key not in KEYS:
        return "The bot says nothing of this name."
    if not isinstance(words, str) or not words.strip():
        return "This may not be empty."
    if len(words) > LONGEST_WORDS:
        return f"At most {LONGEST_WORDS} characters."
    if odd := [found for found in BRACES.findall(words) if not PLACEHOLDER.fullmatch(found)]:
        return f"Nothing fills {odd[0]} here: a placeholder is a small word in braces, as {{name}}."
    used = set(PLACEHOLDER.findall(words))
    if unknown := sorted(used - KEYS[key].allowed):
        return f"Nothing fills {{{unknown[0]}}} here."
    if missing := sorted(KEYS[key].required - used):
        return (
            f"Put {{{missing[0]}}} somewhere: it is the question that the customer has to answer."
        )
    return ""


def render(words: Mapping[str, str], key: str, values: Mapping[str, str]) -> str:
    """A text with its placeholders filled, once: what a customer typed is never a placeholder.

    >>> render({"thanks": "Thanks {name}, {product}"}, "thanks", {"name": "{product}", "product": "x"})
    'Thanks {product}, x'
    """
    text = PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), words[key])
    return text if len(text) <= LONGEST_REPLY else f"{text[: LONGEST_REPLY - 1]}…"
