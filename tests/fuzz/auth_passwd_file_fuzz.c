#include "auth/auth_driver.h"
#include "auth/auth_hash.h"
#include "config/config.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the text: an error has a cause, and every record that is read can be found by its name,
 * which is safe. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct auth_driver *d = NULL;
    struct auth_record at, found;
    char why[200];
    if (auth_passwd_file_new(slice_of(data, size), &d, why) != STATUS_OK) {
        assert(why[0] != '\0');
        return 0;
    }
    for (size_t i = 0; auth_passwd_file_at(d, i, &at); i++) {
        assert(config_user_is_safe(at.name));
        assert(d->class->find(d, at.name, &found) == STATUS_OK);
        assert(found.name.data == at.name.data);
        if (at.hash.kind == AUTH_HASH_PLAIN)
            assert(auth_hash_verify(&at.hash, at.hash.text) == STATUS_OK);
    }
    if (auth_passwd_file_count(d) > 0 && d->class->decoy(d, size, &at))
        assert(at.hash.kind != AUTH_HASH_LOCKED);
    d->class->free(d);
    return 0;
}
