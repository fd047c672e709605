/* Logs in through libpoplin as told and prints how that went: TLS version, mechanism, greeting,
 * capabilities. Exits with the kind of the error.
 *
 *     PASSWORD=… library_way_in URL USER none|stls|implicit MECHANISM CA-FILE|sha256:HEX */
#include <poplin/client.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_line(void *context, const char *line, size_t size)
{
    return fprintf((FILE *)context, "%.*s\n", (int)size, line) < 0;
}

static enum poplin_client_tls tls_of(const char *word)
{
    return strcmp(word, "none") == 0   ? POPLIN_CLIENT_TLS_NONE
           : strcmp(word, "stls") == 0 ? POPLIN_CLIENT_TLS_STLS
                                       : POPLIN_CLIENT_TLS_IMPLICIT;
}

static void read_pin(const char *hex, unsigned char pin[32])
{
    char digits[3] = "";
    for (int i = 0; i < 32; i++) {
        memcpy(digits, hex + 2 * i, 2);
        pin[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
}

int main(int argc, char **argv)
{
    unsigned char pin[32];
    struct poplin_client *c = poplin_client_new();
    struct poplin_client_options options;
    memset(&options, 0, sizeof options);
    if (argc != 6 || c == NULL)
        return 64;
    options.size = sizeof options;
    options.tls = tls_of(argv[3]);
    options.auth = argv[4][0] ? argv[4] : NULL;
    if (strncmp(argv[5], "sha256:", 7) == 0) {
        read_pin(argv[5] + 7, pin);
        options.fingerprint = pin;
    } else {
        options.ca_file = argv[5];
    }
    if (poplin_client_connect(c, argv[1], &options) == POPLIN_CLIENT_OK &&
        poplin_client_login(c, argv[2], getenv("PASSWORD")) == POPLIN_CLIENT_OK) {
        printf("%s\n%s\n%s\n", poplin_client_tls_version(c), poplin_client_mechanism(c),
               poplin_client_greeting(c));
        if (poplin_client_capa(c, print_line, stdout) == POPLIN_CLIENT_OK)
            poplin_client_quit(c);
    }
    enum poplin_client_error error = poplin_client_last_error(c);
    fprintf(stderr, "%s\n", poplin_client_error_text(c));
    poplin_client_free(c);
    return (int)error;
}
