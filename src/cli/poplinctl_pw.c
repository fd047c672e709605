#include "auth/auth_hash.h"
#include "cli/poplinctl.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void usage(FILE *out)
{
    fputs("usage: poplinctl pw [-s SCHEME]\n\n"
          "Makes the hash of a password, fit for a user file. The password is asked for on the\n"
          "terminal, or else is the first line of standard input.\n\n"
          "schemes, the first one is the default:",
          out);
    for (size_t i = 0; auth_hash_scheme(i); i++)
        fprintf(out, " %s", auth_hash_scheme(i));
    fputc('\n', out);
}

int poplinctl_pw(int argc, char **argv)
{
    static const struct option options[] = {
        {"scheme", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *scheme = auth_hash_scheme(0);
    char secret[AUTH_HASH_SECRET_MAX];
    for (int c; (c = getopt_long(argc, argv, "hs:", options, NULL)) != -1;) {
        if (c == 'h') {
            usage(stdout);
            return EX_OK;
        }
        if (c != 's') {
            usage(stderr);
            return EX_USAGE;
        }
        scheme = optarg;
    }
    if (optind < argc) {
        poplinctl_complain("a password is never an argument: others could see it");
        usage(stderr);
        return EX_USAGE;
    }
    if (!auth_hash_can_make(scheme)) {
        poplinctl_complain("no such scheme; poplinctl pw --help lists them");
        return EX_USAGE;
    }
    enum status status = poplinctl_secret_make(scheme, SLICE(""), secret);
    if (status == STATUS_OK && (puts(secret) < 0 || fflush(stdout) != 0)) {
        poplinctl_complain("cannot write to standard output");
        status = STATUS_IO;
    }
    explicit_bzero(secret, sizeof secret);
    return status_exit_code(status);
}
