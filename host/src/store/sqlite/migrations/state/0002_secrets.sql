-- When each of a token's secrets was last seen, and from where.
ALTER TABLE last_seen RENAME TO last_seen_of_tokens;
CREATE TABLE last_seen (
    api_id  TEXT    NOT NULL,
    token   INTEGER NOT NULL,  -- token.id in tokens.db: a new token of an old API ID has another
    secret  INTEGER NOT NULL,  -- token.secret in tokens.db
    at      INTEGER NOT NULL,  -- seconds since the epoch, as all times
    address TEXT    NOT NULL,  -- of the client; '' where it has none, as over a Unix socket
    PRIMARY KEY (api_id, secret)
) STRICT, WITHOUT ROWID;
INSERT INTO last_seen SELECT api_id, token, 1, at, '' FROM last_seen_of_tokens;
DROP TABLE last_seen_of_tokens;
