/* migrations.h - the schema, as the steps that lead to it. */
#ifndef SKC_SERVER_STORE_MIGRATIONS_H
#define SKC_SERVER_STORE_MIGRATIONS_H

/* Step i brings a database from PRAGMA user_version i to i + 1; NULL ends. Steps are never changed
 * once they have been released, only added. */
extern const char *const store_migrations[];

#endif
