-- What servers write: when tokens were last seen, and scope data.

CREATE TABLE last_seen (
    api_id TEXT    PRIMARY KEY,
    token  INTEGER NOT NULL,  -- token.id in tokens.db: a new token of an old API ID has another
    at     INTEGER NOT NULL   -- seconds since the epoch, as all times
) STRICT, WITHOUT ROWID;

-- Scope data that clients have stored, to be looked up with later (`scope=server`).
CREATE TABLE scope (
    realm      TEXT NOT NULL,     -- a kind of client, as the client calls it: "puppet"
    identifier TEXT NOT NULL,     -- which one of that kind
    uuid       TEXT NOT NULL,     -- changes with the data
    data       TEXT NOT NULL,     -- as the client sent it
    stored_at  INTEGER NOT NULL,
    PRIMARY KEY (realm, identifier)
) STRICT;

-- How many bytes the scopes take, kept by triggers. One row.
CREATE TABLE scope_total (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO scope_total VALUES (1, 0);

CREATE TRIGGER scope_added AFTER INSERT ON scope BEGIN
    UPDATE scope_total SET bytes = bytes
        + octet_length(NEW.realm) + octet_length(NEW.identifier) + octet_length(NEW.data) + 100;
END;
CREATE TRIGGER scope_changed AFTER UPDATE ON scope BEGIN
    UPDATE scope_total SET bytes = bytes
        + octet_length(NEW.realm) + octet_length(NEW.identifier) + octet_length(NEW.data)
        - octet_length(OLD.realm) - octet_length(OLD.identifier) - octet_length(OLD.data);
END;
CREATE TRIGGER scope_removed AFTER DELETE ON scope BEGIN
    UPDATE scope_total SET bytes = bytes
        - octet_length(OLD.realm) - octet_length(OLD.identifier) - octet_length(OLD.data) - 100;
END;
