-- +goose Up
CREATE TABLE models (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    version  TEXT NOT NULL,
    checksum TEXT NOT NULL,
    UNIQUE (name, version, checksum)
);

CREATE TABLE predictions (
    source_id     TEXT NOT NULL,
    model_id      INTEGER NOT NULL REFERENCES models,
    text_sha256   BLOB NOT NULL,
    tag           TEXT,
    probability   REAL,
    probabilities TEXT, -- JSON
    error         TEXT,
    keep          TEXT, -- JSON
    predicted_at  INTEGER NOT NULL, -- microseconds since 1970
    PRIMARY KEY (source_id, model_id, text_sha256)
) WITHOUT ROWID;

CREATE TABLE checkpoints (
    job        TEXT PRIMARY KEY,
    checkpoint TEXT NOT NULL
);

CREATE VIEW results AS
SELECT p.source_id AS id, p.tag, p.probability, p.probabilities, m.name AS model, m.version,
       m.checksum, lower(hex(p.text_sha256)) AS text_sha256,
       strftime('%Y-%m-%dT%H:%M:%S', p.predicted_at / 1000000, 'unixepoch') || printf('.%06dZ', p.predicted_at % 1000000) AS predicted_at,
       p.error, p.keep
FROM predictions p JOIN models m ON m.id = p.model_id;

-- +goose Down
DROP VIEW results;
DROP TABLE checkpoints;
DROP TABLE predictions;
DROP TABLE models;
