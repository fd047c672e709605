#include "tls/tls_record.h"

#include <openssl/crypto.h>
#include <stdlib.h>

enum { HEAD = 5 };

bool tls_record_put(struct tls_bundle *b, enum tls_record_kind kind, struct slice body)
{
    if (body.size > UINT32_MAX)
        return false;
    size_t size = b->size + HEAD + body.size;
    char *data = (char *)malloc(size);
    if (data == NULL)
        return false;
    if (b->size > 0)
        memcpy(data, b->data, b->size);
    char *head = data + b->size;
    head[0] = (char)kind;
    for (unsigned i = 0; i < 4; i++)
        head[1 + i] = (char)(body.size >> (24 - 8 * i));
    if (body.size > 0)
        memcpy(head + HEAD, body.data, body.size);
    tls_bundle_free(b);
    *b = (struct tls_bundle){data, size};
    return true;
}

bool tls_record_next(struct slice *rest, enum tls_record_kind *kind, struct slice *body)
{
    if (rest->size < HEAD)
        return false;
    size_t size = 0;
    for (size_t i = 1; i < HEAD; i++)
        size = size << 8 | (unsigned char)rest->data[i];
    if (size > rest->size - HEAD)
        return false;
    *kind = (enum tls_record_kind)(unsigned char)rest->data[0];
    *body = slice_take(slice_skip(*rest, HEAD), size);
    *rest = slice_skip(*rest, HEAD + size);
    return true;
}

void tls_bundle_free(struct tls_bundle *b)
{
    if (b->data != NULL)
        OPENSSL_cleanse(b->data, b->size);
    free(b->data);
    *b = (struct tls_bundle){NULL, 0};
}
