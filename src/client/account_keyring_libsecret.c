#include "client/account_keyring.h"

#include <libsecret/secret.h>
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

enum status account_keyring_find(const char *host, const char *user, char *out, size_t size,
                                 char why[200])
{
    GError *error = NULL;
    gchar *found = secret_password_lookup_nonpageable_sync(
        &schema, NULL, &error, "protocol", "pop3", "server", host, "user", user, NULL);
    if (error != NULL) {
        (void)snprintf(why, 200, "the keyring does not answer (%.80s); is a desktop session there?",
                       error->message);
        g_error_free(error);
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
    secret_password_free(found);
    return s;
}
