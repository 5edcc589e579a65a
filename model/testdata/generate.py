"""Writes parity.json, python_text.json and cleaning.json: what Python and scikit-learn answer.

Run as `python3 generate.py` in this directory, with scikit-learn 1.2. The last two go into
../tfidf/testdata.
texts.json is written by hand; so is the labelled data, which the training's tests share.

parity.json       models of many kinds, and their probabilities for texts.json
python_text.json  what Python's str and re hold about each code point
cleaning.json     the course's cleaning of texts.json, the labelled data and some awkward texts
"""
import csv
import json
import platform
import re
import unicodedata
import warnings

import numpy as np
import sklearn
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import SGDClassifier

LABELLED = "../../internal/train/testdata/labelled.csv"

CV, MLOPS, NLP, OTHER = "computer-vision", "mlops", "natural-language-processing", "other"

# Vocabularies picked by hand: not sorted, prefixes missing, scripts mixed, and columns that no text
# can reach: upper case under lower-casing, lengths out of range, white space that was folded away.
CHAR_WB_2_4 = [
    "ing", " t", "g ", "lea", "in", " lea", "earn", "s ", "the ", " a ", "ti", "er", "n ", "cla", " im", "mage",
    "wor", "ords", " te", "text", "xt ", "mod", "odel", "el ", "on", "es", "re", " re", "al ", " an", "and ",
    "i̇s", " i̇", "ς ", "σς ", "λογ", "深", " 深度", "本 ", "é ", "e\u0301", "😀", " 😀 ", "ß", "ss", "ﬁ", " c+", "++ ", "# ",
    "а ", "ов", "を ", " 画像", "\u200b", "null", "l\x00b", "", "a", " ", "  ", "a b", " a b", "learn", " learning ", "De",
    "ING", "\t", "s\t", "\u2028", " \u3000", "İs", "\u0307",
]
CHAR_WB_4_6 = [
    " a ", " i ", " as ", " ab ", "ing ", " the ", "ning ", "arning", " learn", "earn", "image", " imag", "ages ", "text",
    " text ", " tex", "model", "odel", "word", " word", " ？ ", " ? ", " 5 ", " を ", " ς ", " σ ", " σ", "a", " a", "a ",
    " ab", "ab ", " and", "and ", " and ", "learning", " in ", " in", "in ", "tion", "ation ", "ition", "twork", " net",
    "a te", " \t ", "   ", " c# ", "c++ ", " ve ", " ²", "≤", " ≤ ", " 😀 ", "😀",
]
CHAR_1_3 = [
    "e", "t", " ", "a", "ing", "ng ", "g", "s t", " a ", "n i", "t\ta", "\t", "\n", "b", " \t", "  ", "z", "x", "q", "th",
    "he", "the", "e t", "d\n", "\r\n", "\r", "\xa0", "n\xa0b", "\u2003", "\u3000", "\x1f", "t\x1f", "\x1c", "\x85", "xt\x85",
    "\u2028", "\u200b", "i̇", "\u0307", "ς", "ς ", "σ", "σσ", "İ", "Σ", "深", "深度", "习", "😀", " 😀 ", "\u200d", "\x00", "l\x00b",
    "ss", "ß", "ﬁ", "ǆ", "é", "e\u0301", "\u0301", "learn", "?", "- ", "?? ", "Ａ", "ａｂｃ", "𐐨", "𝒳", "აბ", "ტ",
]
WORD_1_2 = [
    "the", "learning", "images", "text", "of words", "words", "model", "the model", "deep learning", "learning deep",
    "for", "images and", "and text", "in", "to", "from", "one", "finds", "photo", "new model", "an", "is", "with",
    "深度学习", "图像", "画像", "を", "画像 を", "café", "naïve", "naïve café", "i̇stanbul", "σας", "τελος", "σσ σ", "σς", "straße",
    "strasse", "strasse ß", "snake_case", "_", "kebab case", "kebab-case", "num3r1c t0k3ns", "123 4567", "123", "ⅷ", "ab",
    "a", "a model", "c++", "deep  learning", " deep", "deep learning for", "The", "DEEP", "", "not whitespace", "word2vec",
]


def versions():
    return {
        "python": platform.python_version(),
        "unidata": unicodedata.unidata_version,
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
    }


def read_texts():
    with open("texts.json", encoding="utf-8") as file:
        return json.load(file)


def read_rows():
    with open(LABELLED, encoding="utf-8", newline="") as file:
        return [(row["title"] + " " + row["description"], row["tag"]) for row in csv.DictReader(file)]


# ---- parity.json


def frequent(texts, analyzer, low, high, count):
    """The n-grams most frequent in the texts: long ones that the labelled rows and the texts share are few."""
    counts = CountVectorizer(analyzer=analyzer, ngram_range=(low, high), max_features=count)
    return counts.fit(texts).get_feature_names_out().tolist()


def case(
    name,
    rows,
    texts,
    analyzer,
    low,
    high,
    loss="log_loss",
    tags=None,
    vocabulary=None,
    max_features=160,
    lowercase=True,
    norm="l2",
    use_idf=True,
    sublinear_tf=False,
    binary=False,
    alpha=1e-3,
):
    """One model, fitted on the rows with these tags, and its probabilities for the texts.

    Columns that no row reaches are given weights by hand: a model that reaches them where
    scikit-learn does not is far off, not slightly.
    """
    rows = [row for row in rows if tags is None or row[1] in tags]
    tfidf = TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=(low, high),
        lowercase=lowercase,
        norm=norm,
        use_idf=use_idf,
        sublinear_tf=sublinear_tf,
        binary=binary,
        vocabulary=vocabulary,
        max_features=None if vocabulary else max_features,
    )
    matrix = tfidf.fit_transform([text for text, _ in rows])
    classifier = SGDClassifier(loss=loss, alpha=alpha, max_iter=30, tol=None, random_state=0)
    classifier.fit(matrix, [tag for _, tag in rows])
    unreached = np.flatnonzero(matrix.getnnz(axis=0) == 0)
    for row in range(len(classifier.coef_)):
        classifier.coef_[row, unreached] = 1.5 - row + 0.01 * np.arange(len(unreached))
    probabilities = classifier.predict_proba(tfidf.transform(texts))
    assert np.isfinite(probabilities).all(), name  # log_loss divides 0 by 0 when every sigmoid is 0
    uniform = int((probabilities == 1 / len(classifier.classes_)).all(axis=1).sum())
    print(f"  {name}: {matrix.shape[1]} n-grams, {len(unreached)} unreached, {uniform} texts uniform")
    return {
        "name": name,
        "vectorizer": {
            "analyzer": analyzer,
            "ngram_min": low,
            "ngram_max": high,
            "lowercase": lowercase,
            "norm": norm or "",
            "use_idf": use_idf,
            "sublinear_tf": sublinear_tf,
            "binary": binary,
        },
        "loss": loss,
        "classes": classifier.classes_.tolist(),
        "ngrams": tfidf.get_feature_names_out().tolist(),
        "idf": tfidf.idf_.tolist() if use_idf else None,
        "coefficients": classifier.coef_.tolist(),
        "intercepts": classifier.intercept_.tolist(),
        "probabilities": probabilities.tolist(),
    }


def parity(rows, texts):
    def add(name, *args, **kwargs):
        cases.append(case(name, rows, texts, *args, **kwargs))

    cases = []
    add("char_wb 2-6", "char_wb", 2, 6, max_features=240)
    add("char_wb 1-3, with the single space", "char_wb", 1, 3)
    add("char_wb 4-6, short words whole", "char_wb", 4, 6)
    add("char_wb 3-3", "char_wb", 3, 3)
    add("char_wb 2-4, picked", "char_wb", 2, 4, vocabulary=CHAR_WB_2_4)
    add("char_wb 4-6, picked", "char_wb", 4, 6, vocabulary=CHAR_WB_4_6)
    add("char_wb 2-4, picked, sublinear, l1", "char_wb", 2, 4, vocabulary=CHAR_WB_2_4, sublinear_tf=True, norm="l1")
    add("char 2-5", "char", 2, 5)
    add("char 1-1", "char", 1, 1)
    add("char 5-8", "char", 5, 8, vocabulary=frequent(texts, "char", 5, 8, 140))
    add("char 1-3, picked", "char", 1, 3, vocabulary=CHAR_1_3)
    add("char 2-4, sublinear", "char", 2, 4, sublinear_tf=True)
    add("word 1-1", "word", 1, 1)
    add("word 1-3", "word", 1, 3, vocabulary=frequent(texts, "word", 1, 3, 160))
    add("word 2-2", "word", 2, 2, vocabulary=frequent(texts, "word", 2, 2, 120))
    add("word 1-2, picked", "word", 1, 2, vocabulary=WORD_1_2)
    add("char_wb 2-4, l1", "char_wb", 2, 4, norm="l1")
    add("char 2-3, without norm", "char", 2, 3, norm=None, alpha=0.01)
    shared = frequent(texts, "word", 1, 2, 140)
    add("word 1-2, without norm, sublinear", "word", 1, 2, norm=None, sublinear_tf=True, vocabulary=shared)
    add("char_wb 2-4, without idf", "char_wb", 2, 4, use_idf=False)
    picked = {"vocabulary": CHAR_1_3, "use_idf": False, "norm": None, "alpha": 0.01}
    add("char 1-3, picked, without idf and norm", "char", 1, 3, **picked)
    add("char_wb 2-4, sublinear", "char_wb", 2, 4, sublinear_tf=True)
    add("char 2-3, binary", "char", 2, 3, binary=True)
    add("char_wb 2-5, binary and sublinear", "char_wb", 2, 5, binary=True, sublinear_tf=True)
    add("char_wb 2-4, case kept", "char_wb", 2, 4, lowercase=False)
    add("char 1-2, case kept", "char", 1, 2, lowercase=False)
    add("word 1-2, case kept", "word", 1, 2, lowercase=False)
    add("two classes", "char_wb", 2, 4, tags=(CV, NLP))
    add("two classes, modified huber", "char_wb", 2, 4, tags=(MLOPS, OTHER), loss="modified_huber")
    add("three classes", "char_wb", 2, 4, tags=(CV, MLOPS, NLP))
    add("three classes, modified huber", "word", 1, 1, tags=(CV, NLP, OTHER), loss="modified_huber")
    add("four classes, modified huber", "char_wb", 2, 4, loss="modified_huber")
    add("four classes, modified huber, without norm", "char", 2, 3, loss="modified_huber", norm=None)
    return cases


# ---- python_text.json


def ranges(points):
    """Ascending code points as [first, last] pairs."""
    result = []
    for point in points:
        if result and result[-1][1] == point - 1:
            result[-1][1] = point
        else:
            result.append([point, point])
    return result


def python_text():
    """Every code point but the surrogates, which no UTF-8 text holds."""
    points = [p for p in range(0x110000) if not 0xD800 <= p < 0xE000]
    chars = [chr(p) for p in points]
    space = [p for p, c in zip(points, chars) if c.isspace()]
    assert space == [p for p, c in zip(points, chars) if re.match(r"\s", c)]
    assert space == [p for p, c in zip(points, chars) if not c.split()]

    def where(holds):
        return ranges(p for p, c in zip(points, chars) if holds(c))

    return {
        "lower": {f"{p:04X}": c.lower() for p, c in zip(points, chars) if c.lower() != c},
        "space": space,
        "word": where(lambda c: re.match(r"\w", c)),
        "assigned": where(lambda c: unicodedata.category(c) != "Cn"),
        "final_sigma": {
            "aΣc": where(lambda c: ("aΣ" + c).lower()[1] == "ς"),
            "aΣca": where(lambda c: ("aΣ" + c + "a").lower()[1] == "ς"),
            "cΣ": where(lambda c: (c + "Σ").lower()[-1] == "ς"),
            "acΣ": where(lambda c: ("a" + c + "Σ").lower()[-1] == "ς"),
        },
    }


# ---- cleaning.json

# NLTK's English stop words, in NLTK's order. The order matters: the first alternative that fits is taken.
STOPWORDS = """
i me my myself we our ours ourselves you you're you've you'll you'd your yours yourself yourselves he him his himself
she she's her hers herself it it's its itself they them their theirs themselves what which who whom this that that'll
these those am is are was were be been being have has had having do does did doing a an the and but if or because as
until while of at by for with about against between into through during before after above below to from up down in out
on off over under again further then once here there when where why how all any both each few more most other some such
no nor not only own same so than too very s t can will just don don't should should've now d ll m o re ve y ain aren
aren't couldn couldn't didn didn't doesn doesn't hadn hadn't hasn hasn't haven haven't isn isn't ma mightn mightn't
mustn mustn't needn needn't shan shan't shouldn shouldn't wasn wasn't weren weren't won won't wouldn wouldn't
""".split()
assert len(STOPWORDS) == 179

AWKWARD = [
    "",
    "the",
    "The the THE tHe",
    "a a a a",
    "and to the model of the for",
    "the model",
    "model the",
    "themes thematic bathe the-orem the_orem the.orem",
    "I don't think you're wrong, you've won't she'll that'll shouldn't've",
    "don’t use ’the’ curly ‘a’ one",
    "DON'T YOU'RE Don't You're",
    "it's its it s' s t d ll m o re ve y",
    "you're'the'not",
    "http://x.y/z?a=b see https://example.org and ftp://a.b",
    "xhttps://joined.example then more",
    "ends with http",
    "ends with https",
    "http",
    "HTTP://UPPER.EXAMPLE text httpd server",
    "the http the https a httpa b",
    "(http://in.brackets) \"http://in.quotes\"",
    "under_scores _the_ the_ _a a_b __init__",
    "the1 1the 2 the 3a a3 100% of $9.99",
    "éa the aé the éthe thé a é a",
    "naïve a naïve the",
    "e\u0301a the a\u0301 the\u0301 the",
    "K and \u212a, Å and \u212b, \u212aa the",
    "İ a İa the i̇ the",
    "ΣΟΦΟΣ the ΣΑΣ a ς the",
    "ſo the ſ a iſ",
    "中a the 中 a 中the a中",
    "the\tmodel\u00a0a\u2003the\u3000model\x1fthe\x85a\u200bthe\u200ba",
    "the\n\nand\r\nnew\nlines the\n",
    "a-b-the-c a/b a.b a,b and/or",
    "²a the ½the Ⅷ a a² the½",
    "🤖a the 🤖the a🤖",
    "!\"'#$%&()*+,-./:;<=>?@\\[]^_`{|}~ every!mark\"here'in#one$word%",
    "  leading and trailing the  ",
    "a\x00the\x00model the\x00",
    "own owned my mymy you yours yourself yourselves you'd you'll",
]


def clean(text, lower):
    """The course's cleaning, without its stemming."""
    if lower:
        text = text.lower()
    text = re.sub(r"\b(" + "|".join(STOPWORDS) + r")\b\s*", "", text)
    marks = r"([!\"'#$%&()*\+,-./:;<=>?@\\\[\]^_`{|}~])"
    text = re.sub(marks, r" \1 ", text)
    text = re.sub(marks, "", text)
    text = re.sub("[^A-Za-z0-9]+", " ", text)
    text = re.sub(" +", " ", text)
    text = text.strip()
    return re.sub(r"http\S+", "", text)


def cleaning(texts):
    return [{"text": t, "lower": clean(t, True), "cased": clean(t, False)} for t in texts]


def write(name, sections):
    """One line per case, so that a change shows which case changed."""

    def dump(value):
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    lines = []
    for key, value in sections.items():
        if key == "cases":
            body = ",\n".join(dump(item) for item in value)
            lines.append(f"{dump(key)}:[\n{body}\n]")
        else:
            lines.append(f"{dump(key)}:{dump(value)}")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    with open(name, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    print(f"{name}: {len(text.encode())} bytes")


def main():
    warnings.filterwarnings("ignore", "Upper case characters found in vocabulary")
    texts, rows = read_texts(), read_rows()
    write("parity.json", {"versions": versions(), "cases": parity(rows, texts)})
    write("../tfidf/testdata/python_text.json", {"versions": versions(), **python_text()})
    write(
        "../tfidf/testdata/cleaning.json",
        {
            "versions": versions(),
            "stopwords": STOPWORDS,
            "cases": cleaning(texts + [text for text, _ in rows] + AWKWARD),
        },
    )


if __name__ == "__main__":
    main()
