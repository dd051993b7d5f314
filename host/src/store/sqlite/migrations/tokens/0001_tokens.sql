-- Tokens, and what a server needs to learn of changes without reading them all.

-- The number of changes that there have been. One row.
CREATE TABLE revision (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO revision VALUES (1, 0);

-- AUTOINCREMENT: the id of a deleted token is never given to another one.
CREATE TABLE token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    api_id     TEXT    NOT NULL UNIQUE,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32),  -- SHA-256 of the token's text
    active     INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at INTEGER NOT NULL,                              -- seconds since the epoch, as all times
    issued_at  INTEGER NOT NULL,                              -- when this digest was made
    last_seen  INTEGER,                                       -- NULL: never
    revision   INTEGER NOT NULL DEFAULT 0                     -- of its last change
) STRICT;
CREATE INDEX token_revision ON token (revision);

-- What was deleted, so that a server can forget it.
CREATE TABLE tombstone (
    api_id     TEXT    PRIMARY KEY,
    deleted_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_revision ON tombstone (revision);

-- Triggers keep the books, so that no statement can forget to: what is changed by
-- hand with the sqlite3 shell is seen by servers as well.
CREATE TRIGGER token_created AFTER INSERT ON token BEGIN
    UPDATE revision SET value = value + 1;
    UPDATE token SET revision = (SELECT value FROM revision) WHERE id = NEW.id;
    DELETE FROM tombstone WHERE api_id = NEW.api_id;
END;

CREATE TRIGGER token_changed AFTER UPDATE OF digest, active ON token BEGIN
    UPDATE revision SET value = value + 1;
    UPDATE token SET revision = (SELECT value FROM revision) WHERE id = NEW.id;
END;

CREATE TRIGGER token_renamed BEFORE UPDATE OF id, api_id ON token BEGIN
    SELECT raise(ABORT, 'a token keeps its API ID: its digest is computed over it');
END;

-- Tombstones are needed until every server has refreshed, which it does at least
-- once a day (the upper bound of token_ttl). A week is kept.
CREATE TRIGGER token_deleted AFTER DELETE ON token BEGIN
    UPDATE revision SET value = value + 1;
    INSERT INTO tombstone SELECT OLD.api_id, unixepoch(), value FROM revision;
    DELETE FROM tombstone WHERE deleted_at < unixepoch() - 7 * 86400;
END;
