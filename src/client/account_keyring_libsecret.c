/* libsecret brings forty libraries with it, which cost every start of the program: it is loaded
 * when a password is asked of it. */
#include "client/account_keyring.h"

#include <dlfcn.h>
#include <libsecret/secret.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static enum status take(const char *found, char *out, size_t size, char why[200])
{
    size_t length = strlen(found);
    if (length >= size) {
        (void)snprintf(why, 200, "the keyring's password is longer than %zu octets", size - 1);
        return STATUS_TOO_LARGE;
    }
    memcpy(out, found, length + 1);
    return STATUS_OK;
}

/* The attributes are those of network passwords. Other programs store them under names of schemas
 * of their own, secret-tool among them: the name is not looked at. */
static const SecretSchema schema = {
    .name = "org.gnome.keyring.NetworkPassword",
    .flags = SECRET_SCHEMA_DONT_MATCH_NAME,
    .attributes = {{"protocol", SECRET_SCHEMA_ATTRIBUTE_STRING},
                   {"server", SECRET_SCHEMA_ATTRIBUTE_STRING},
                   {"user", SECRET_SCHEMA_ATTRIBUTE_STRING}},
};

struct keyring {
    __typeof__(&secret_password_lookup_nonpageable_sync) look_up;
    __typeof__(&secret_password_free) free_password;
    __typeof__(&g_error_free) free_error;
};

/* It stays loaded: GLib cannot be unloaded. */
static bool load(struct keyring *k, char why[200])
{
    void *library = dlopen("libsecret-1.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) {
        *(void **)&k->look_up = dlsym(library, "secret_password_lookup_nonpageable_sync");
        *(void **)&k->free_password = dlsym(library, "secret_password_free");
        *(void **)&k->free_error = dlsym(library, "g_error_free");
        if (k->look_up != NULL && k->free_password != NULL && k->free_error != NULL)
            return true;
    }
    (void)snprintf(why, 200, "the keyring cannot be asked (%.80s); install libsecret-1-0",
                   dlerror());
    return false;
}

enum status account_keyring_find(const char *host, const char *user, char *out, size_t size,
                                 char why[200])
{
    struct keyring keyring;
    GError *error = NULL;
    if (!load(&keyring, why))
        return STATUS_UNSUPPORTED;
    gchar *found = keyring.look_up(&schema, NULL, &error, "protocol", "pop3", "server", host,
                                   "user", user, NULL);
    if (error != NULL) {
        (void)snprintf(why, 200, "the keyring does not answer (%.80s); is a desktop session there?",
                       error->message);
        keyring.free_error(error);
        return STATUS_TEMPORARY;
    }
    if (found == NULL) {
        (void)snprintf(why, 200,
                       "the keyring has no such password; put it there with: secret-tool store "
                       "--label=Poplin protocol pop3 server %.50s user %.30s",
                       host, user);
        return STATUS_NOT_FOUND;
    }
    enum status s = take(found, out, size, why);
    keyring.free_password(found);
    return s;
}
