/* poplin: the sub-commands of the collector, one file each. Every function takes its own argc and
 * argv (argv[0] is its name) and returns the program's exit code (sysexits.h). */
#ifndef POPLIN_CLI_POPLIN_H
#define POPLIN_CLI_POPLIN_H

#include "client/failure.h"

int poplin_account(int argc, char **argv);
int poplin_check(int argc, char **argv);
int poplin_config(int argc, char **argv);
int poplin_decode(int argc, char **argv);
int poplin_delete(int argc, char **argv);
int poplin_doctor(int argc, char **argv);
int poplin_export(int argc, char **argv);
int poplin_fetch(int argc, char **argv);
int poplin_init(int argc, char **argv);
int poplin_list(int argc, char **argv);
int poplin_mark(int argc, char **argv);
int poplin_pop(int argc, char **argv);
int poplin_read(int argc, char **argv);
int poplin_save(int argc, char **argv);
int poplin_search(int argc, char **argv);
int poplin_state(int argc, char **argv);
int poplin_tui(int argc, char **argv);
int poplin_watch(int argc, char **argv);

/* The configuration file: what --config said, else the default. NULL: no home to look in, and a
 * message was printed. */
const char *poplin_config_path(void);

/* Tells a failure: as text on standard error, or as a line of JSON on standard output. Returns its
 * exit code. */
int poplin_tell(const struct failure *f, bool json);

#endif
