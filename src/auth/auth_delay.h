/* auth_delay: how often a pair of address prefix and user failed of late, and whether it ever
 * proved itself. Only failures are delayed, so a right password never waits for the failures of
 * others, not even for those of its own pair.
 *
 * Bounded: eight places for each slot. When they are taken, one that never proved itself goes
 * before one that did, and the oldest first. */
#ifndef POPLIN_AUTH_AUTH_DELAY_H
#define POPLIN_AUTH_AUTH_DELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct auth_delay;

enum status auth_delay_new(struct auth_delay **out);
void auth_delay_free(struct auth_delay *d);
/* The pair failed: for how long its answer is held back, ms. The first one is `first`; each further
 * one doubles it, up to 15 s or `first`; a minute without a failure halves it. */
uint64_t auth_delay_failed(struct auth_delay *d, uint64_t pair, uint64_t now, uint64_t first);
/* The pair proved itself: its failures are forgotten. */
void auth_delay_proved(struct auth_delay *d, uint64_t pair, uint64_t now);
/* It proved itself within 30 days and is not failing in a row. */
bool auth_delay_is_trusted(const struct auth_delay *d, uint64_t pair, uint64_t now);

#endif
