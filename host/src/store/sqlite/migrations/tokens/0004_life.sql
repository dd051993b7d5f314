-- The life of a token: its end, a former secret with a period of grace, grants, a
-- description, labels, bcrypt hashes of imported tokens; and the audit trail.
ALTER TABLE token ADD COLUMN ends_at INTEGER;                      -- NULL: never
ALTER TABLE token ADD COLUMN secret INTEGER NOT NULL DEFAULT 1;    -- which secret `digest` is of: one more each time
ALTER TABLE token ADD COLUMN former_digest BLOB CHECK (former_digest IS NULL OR length(former_digest) = 32);
ALTER TABLE token ADD COLUMN former_ends_at INTEGER;               -- not NULL where former_digest is not
ALTER TABLE token ADD COLUMN former_ended_at INTEGER;              -- when a command ended it; NULL: it ends by itself
ALTER TABLE token ADD COLUMN grants TEXT NOT NULL DEFAULT '';      -- one pattern a line; empty: all but tokens:
ALTER TABLE token ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN labels TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(labels));
ALTER TABLE token ADD COLUMN bcrypt TEXT;                          -- imported and not used yet: `digest` is zeros
ALTER TABLE token ADD COLUMN version INTEGER NOT NULL DEFAULT 1;   -- one more with each act

-- One row per act, without gaps. Each has a SHA-256 over itself and the hash of the row
-- before, so that a row that was changed, removed or moved is found.
CREATE TABLE audit (
    number     INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    act        TEXT    NOT NULL,
    api_id     TEXT    NOT NULL,
    changed    TEXT    NOT NULL,  -- JSON: {"name": [before, after]}
    outcome    TEXT    NOT NULL,  -- 'done', or why nothing was done
    request_id TEXT    NOT NULL,  -- '' where it was no request
    hash       BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_api_id ON audit (api_id);

-- The two ends of the chain, apart from it: what the first row follows, since rows were
-- pruned, and what the last one is. One row.
CREATE TABLE audit_ends (
    only          INTEGER PRIMARY KEY CHECK (only = 1),
    pruned_number INTEGER NOT NULL,
    pruned_hash   BLOB    NOT NULL CHECK (length(pruned_hash) = 32),
    head_number   INTEGER NOT NULL,
    head_hash     BLOB    NOT NULL CHECK (length(head_hash) = 32)
) STRICT;
INSERT INTO audit_ends VALUES (1, 0, zeroblob(32), 0, zeroblob(32));
