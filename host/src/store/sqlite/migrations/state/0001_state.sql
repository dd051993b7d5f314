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
    api_id     TEXT NOT NULL,     -- the token that stored it
    stored_at  INTEGER NOT NULL,
    PRIMARY KEY (realm, identifier)
) STRICT;
CREATE INDEX scope_api_id ON scope (api_id);

-- How many bytes the scopes take that a token has stored, kept by triggers.
CREATE TABLE scope_share (
    api_id TEXT    PRIMARY KEY,
    bytes  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER scope_added AFTER INSERT ON scope BEGIN
    INSERT INTO scope_share VALUES (NEW.api_id,
        octet_length(NEW.realm) + octet_length(NEW.identifier) + octet_length(NEW.data) + 100)
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scope_changed AFTER UPDATE ON scope BEGIN
    UPDATE scope_share SET bytes = bytes
        - octet_length(OLD.realm) - octet_length(OLD.identifier) - octet_length(OLD.data) - 100
    WHERE api_id = OLD.api_id;
    INSERT INTO scope_share VALUES (NEW.api_id,
        octet_length(NEW.realm) + octet_length(NEW.identifier) + octet_length(NEW.data) + 100)
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
    DELETE FROM scope_share WHERE bytes <= 0;
END;
CREATE TRIGGER scope_removed AFTER DELETE ON scope BEGIN
    UPDATE scope_share SET bytes = bytes
        - octet_length(OLD.realm) - octet_length(OLD.identifier) - octet_length(OLD.data) - 100
    WHERE api_id = OLD.api_id;
    DELETE FROM scope_share WHERE bytes <= 0;
END;
