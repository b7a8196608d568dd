/* migrations.c - the schema, as the steps that lead to it. */
#include "store/migrations.h"

#include <stddef.h>

const char *const store_migrations[] = {
    /* 1: keys, their use by day, and spots with their sealed records */
    "CREATE TABLE api_key ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name TEXT NOT NULL,"
    "  shown TEXT NOT NULL,"
    "  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),"
    "  admin INTEGER NOT NULL CHECK (admin IN (0, 1)),"
    "  rate INTEGER NOT NULL CHECK (rate >= 0),"
    "  quota INTEGER NOT NULL CHECK (quota >= 0),"
    "  created INTEGER NOT NULL,"
    "  revoked INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE TABLE key_usage ("
    "  key INTEGER NOT NULL REFERENCES api_key (id),"
    "  day INTEGER NOT NULL,"
    "  requests INTEGER NOT NULL CHECK (requests >= 0),"
    "  PRIMARY KEY (key, day)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE spot ("
    "  id INTEGER PRIMARY KEY,"
    "  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),"
    "  expires INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX spot_expires ON spot (expires);"
    "CREATE TABLE record ("
    "  id INTEGER PRIMARY KEY,"
    "  spot INTEGER NOT NULL REFERENCES spot (id) ON DELETE CASCADE,"
    "  created INTEGER NOT NULL,"
    "  sealed BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX record_spot ON record (spot, created);",
    NULL,
};
