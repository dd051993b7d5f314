-- Scope data that clients have stored, to be looked up with later (`scope=server`).
CREATE TABLE scope (
    realm      TEXT NOT NULL,     -- a kind of client, as the client calls it: "puppet"
    identifier TEXT NOT NULL,     -- which one of that kind
    uuid       TEXT NOT NULL,     -- another one whenever the data is another
    data       TEXT NOT NULL CHECK (json_valid(data)),
    stored_at  INTEGER NOT NULL,  -- seconds since the epoch
    PRIMARY KEY (realm, identifier)
) STRICT, WITHOUT ROWID;
