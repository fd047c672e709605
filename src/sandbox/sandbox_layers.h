/* sandbox_layers: the two layers under sandbox_confine. Only sandbox.c calls them. */
#ifndef POPLIN_SANDBOX_SANDBOX_LAYERS_H
#define POPLIN_SANDBOX_SANDBOX_LAYERS_H

#include "sandbox/sandbox.h"

enum { SANDBOX_WHY = 200 }; /* octets of `why` with its NUL */

/* No file system but `paths` (NULL: nothing at all), no TCP, no signal or abstract socket beyond
 * the process itself, as far as the kernel's ABI goes. *abi is what the kernel has, 0 where it has
 * none, which is no failure. Needs no_new_privs. */
enum status sandbox_landlock(const struct sandbox_paths *paths, int *abi, char why[SANDBOX_WHY]);

/* The role's list of system calls; every other one answers EPERM from now on. Sets
 * no_new_privs. */
enum status sandbox_seccomp(enum sandbox_role role, char why[SANDBOX_WHY]);

/* Fills `why` with `what` and errno's text; returns `s`. */
enum status sandbox_because(char why[SANDBOX_WHY], enum status s, const char *what);

#endif
