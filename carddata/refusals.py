"""Why a file, a row or a partner's settings are not taken: a code for machines, a sentence for people."""

from funnel_site.lib.marking import marked


class FileRefusedError(ValueError):
    """The file as a whole cannot be read; nothing of it was applied."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class RowRefusedError(ValueError):
    """One row cannot be used; the others can."""

    def __init__(self, reason: str, column: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.column = column
        self.detail = detail


class ProfileError(ValueError):
    """A partner's settings cannot work; `field` names the one to mend."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


REASONS = {
    "bad_card_id": marked("The card id has other characters than letters, digits, - and _"),
    "bad_contact": marked("The contact is not a phone number"),
    "damaged_contact": marked("A spreadsheet has shortened the contact to a power of ten"),
    "bad_timestamp": marked("The time is in none of the partner's formats, or does not exist"),
    "future_timestamp": marked("The time lies in the future"),
    "text_too_long": marked("A text is longer than is kept"),
    "wrong_cell_count": marked("The row has more or fewer cells than the header"),
    "unclosed_quote": marked("A quotation mark is not closed"),
    "bad_quotes": marked("Quotation marks are misplaced"),
    "bad_encoding": marked("The line has bytes that are no text in the file's encoding"),
    "nul_byte": marked("The line has a NUL byte"),
    "line_too_long": marked("The line is longer than 65,536 characters"),
}
