/* tls_bundle: PEM text into a bundle. */
#ifndef POPLIN_TLS_TLS_BUNDLE_H
#define POPLIN_TLS_TLS_BUNDLE_H

#include "tls/tls.h"

/* One certificate with its chain and its key as PEM text; both may be one text. */
struct tls_pem {
    struct slice certificate;
    struct slice key;
};

/* Checks both as tls_bundle_load does and appends them; `names` stand for them in `why`. A warning
 * is written only where `why` is still empty. */
enum status tls_bundle_put_pem(struct tls_bundle *b, const struct tls_files *names,
                               const struct tls_pem *pem, char why[300]);

#endif
