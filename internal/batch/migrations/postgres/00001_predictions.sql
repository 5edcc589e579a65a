-- +goose Up
CREATE TABLE models (
    id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name     text NOT NULL,
    version  text NOT NULL,
    checksum text NOT NULL,
    UNIQUE (name, version, checksum)
);

CREATE TABLE predictions (
    source_id     text NOT NULL,
    model_id      integer NOT NULL, -- of models; a foreign key would be looked up for every row
    text_sha256   bytea NOT NULL,
    tag           text,
    probability   double precision,
    probabilities jsonb,
    error         text,
    keep          jsonb,
    predicted_at  timestamptz NOT NULL,
    PRIMARY KEY (source_id, model_id, text_sha256)
);

CREATE TABLE checkpoints (
    job        text PRIMARY KEY,
    checkpoint jsonb NOT NULL
);

CREATE VIEW results AS
SELECT p.source_id AS id, p.tag, p.probability, p.probabilities, m.name AS model, m.version,
       m.checksum, encode(p.text_sha256, 'hex') AS text_sha256, p.predicted_at, p.error, p.keep
FROM predictions p JOIN models m ON m.id = p.model_id;

-- +goose Down
DROP VIEW results;
DROP TABLE checkpoints, predictions, models;
