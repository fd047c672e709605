/* sandbox_probe: an attacker's first moves, tried from inside a confined process.
 *
 * Built with -Dprobe=true only, for tests. A move that is refused changes nothing; one that gets
 * through is as harmless as it can be made and undone where it can. */
#ifndef POPLIN_SANDBOX_SANDBOX_PROBE_H
#define POPLIN_SANDBOX_SANDBOX_PROBE_H

#include "sandbox/sandbox.h"

/* Told of each probe by name; `context` is the caller's. */
typedef void sandbox_probe_report(void *context, const char *probe, bool denied);

/* Tries all that `role` must not have and returns how many got through: 0 is right. A store on a
 * kernel without Landlock can open files: those probes then get through. */
int sandbox_probe(enum sandbox_role role, sandbox_probe_report *report, void *context);

#endif
