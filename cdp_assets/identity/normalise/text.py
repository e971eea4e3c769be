"""Text as match keys: folded to plain lower-case words, in any script."""

import polars as pl

from cdp_assets.identity.normalise.series import absent_when_empty, refine, select

LONGEST = 100
_READ = 4 * LONGEST  # characters read of a value: marks and punctuation between its letters fall away
_PLAIN = r"^[a-z0-9]+(?: [a-z0-9]+)*$"
_CONTROLS = r"[\p{Cc}--[\t\n\x0B\f\r\x{85}]]"
# Marks that letters lose: accents in Latin, Greek and Cyrillic, vowel points in Hebrew and Arabic. Those of other
# scripts are letters in their own right (Devanagari's vowels, the voicing marks of Japanese).
_MARKS = r"[\p{Mn}&&[\p{Inherited}\p{Hebrew}\p{Arabic}\p{Syriac}\p{Cyrillic}]]--[\x{3099}\x{309A}]"
_INVISIBLE = r"\p{Me}\p{Cf}\x{640}\x{115F}\x{1160}\x{3164}"
_REMOVED = rf"[[{_MARKS}][{_INVISIBLE}]{_CONTROLS}]"
_APOSTROPHES = r"['`\x{B4}\x{2018}\x{2019}\x{201B}\x{2032}\x{2B9}-\x{2BF}\x{FF07}]"
_LETTERS_WITHOUT_DECOMPOSITION = {
    "ß": "ss",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "æ": "ae",
    "œ": "oe",
    "\u0131": "i",
    "þ": "th",
    "ð": "d",
    "ħ": "h",
    "ŧ": "t",
    "\u03c2": "\u03c3",  # a sigma that ends a word
    "\u02bc": "",
}


def tidy(texts: pl.Series) -> pl.Series:
    """Text without surrounding space, control characters and invisible ones; null when nothing is left."""
    stripped = texts.str.strip_chars()
    odd = stripped.str.contains(r"[^\x20-\x7E]")
    cleaned = refine(
        stripped, odd, lambda values: values.str.replace_all(rf"[\p{{Cf}}{_CONTROLS}]", "").str.strip_chars()
    )
    return absent_when_empty(cleaned)


def fold(texts: pl.Series) -> pl.Series:
    """Lower-case words of letters and digits without accents or punctuation, in any script; null when none is left.

    Compatibility forms are what they stand for (Unicode's NFKD), ligatures their letters, and at most `LONGEST`
    characters are kept. Folding twice changes nothing.
    """
    short = refine(texts, texts.str.len_bytes() > _READ, lambda long: long.str.head(_READ))
    lower = short.str.strip_chars().str.to_lowercase()
    plain = lower.str.contains(_PLAIN) & (lower.str.len_bytes() <= LONGEST)
    return refine(lower, ~plain, _fold_odd)


def _fold_odd(texts: pl.Series) -> pl.Series:
    letters = texts.str.replace_all(_APOSTROPHES, "")
    folded = refine(letters, letters.str.contains(r"[^\x20-\x7E]"), _fold_unicode)
    words = folded.str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars()
    return absent_when_empty(words.str.slice(0, LONGEST).str.strip_chars())


def _fold_unicode(texts: pl.Series) -> pl.Series:
    lower = texts.str.normalize("NFKD").str.to_lowercase()
    letters = select(lower, pl.col("value").str.replace_many(_LETTERS_WITHOUT_DECOMPOSITION))
    return letters.str.replace_all(_REMOVED, "").str.normalize("NFC")
