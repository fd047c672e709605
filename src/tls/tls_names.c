#include "tls/tls_names.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

enum { NAME_MAX_OCTETS = 255 }; /* RFC 1035 2.3.4 */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* A name with a NUL in it is a trap for readers of C strings: it is left out. */
static bool is_usable(const ASN1_STRING *s)
{
    size_t size = (size_t)ASN1_STRING_length(s);
    return size > 0 && size <= NAME_MAX_OCTETS && memchr(ASN1_STRING_get0_data(s), 0, size) == NULL;
}

static enum status add(struct tls_names *n, const ASN1_STRING *s, size_t index)
{
    if (!is_usable(s))
        return STATUS_OK;
    size_t size = (size_t)ASN1_STRING_length(s);
    const unsigned char *from = ASN1_STRING_get0_data(s);
    size_t wanted = (n->count + 1) * sizeof *n->rows;
    struct tls_name *rows = (struct tls_name *)realloc(n->rows, wanted);
    if (rows == NULL)
        return STATUS_NO_MEMORY;
    n->rows = rows;
    char *text = (char *)malloc(size + 1);
    if (text == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < size; i++)
        text[i] = lower((char)from[i]);
    text[size] = 0;
    n->rows[n->count++] = (struct tls_name){text, index};
    return STATUS_OK;
}

static enum status add_common_name(struct tls_names *n, X509 *certificate, size_t index)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0)
        return STATUS_OK;
    return add(n, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), index);
}

enum status tls_names_add(struct tls_names *n, X509 *certificate, size_t index)
{
    size_t before = n->count;
    enum status s = STATUS_OK;
    GENERAL_NAMES *all =
        (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; s == STATUS_OK && i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS)
            s = add(n, name->d.dNSName, index);
    }
    GENERAL_NAMES_free(all);
    if (s == STATUS_OK && n->count == before)
        s = add_common_name(n, certificate, index);
    return s;
}

static bool has_name(const struct tls_names *n, const char *text)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->rows[i].text, text) == 0)
            return true;
    return false;
}

bool tls_names_same(const struct tls_names *n, size_t index, const struct tls_names *other)
{
    size_t matched = 0;
    for (size_t i = 0; i < n->count; i++)
        if (n->rows[i].index == index) {
            if (!has_name(other, n->rows[i].text))
                return false;
            matched++;
        }
    return matched == other->count;
}

static int compare_rows(const void *a, const void *b)
{
    const struct tls_name *x = (const struct tls_name *)a;
    const struct tls_name *y = (const struct tls_name *)b;
    int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

void tls_names_sort(struct tls_names *n)
{
    if (n->count > 0)
        qsort(n->rows, n->count, sizeof *n->rows, compare_rows);
}

/* The first row of that name. */
static bool find_exact(const struct tls_names *n, const char *text, size_t *index)
{
    size_t low = 0;
    size_t high = n->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(n->rows[middle].text, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == n->count || strcmp(n->rows[low].text, text) != 0)
        return false;
    *index = n->rows[low].index;
    return true;
}

bool tls_names_find(const struct tls_names *n, const char *host, size_t *index)
{
    char text[NAME_MAX_OCTETS + 1];
    size_t size = strlen(host);
    if (size == 0 || size > NAME_MAX_OCTETS)
        return false;
    for (size_t i = 0; i <= size; i++)
        text[i] = lower(host[i]);
    if (find_exact(n, text, index))
        return true;
    char *dot = strchr(text, '.');
    if (dot == NULL || dot == text)
        return false;
    dot[-1] = '*';
    return find_exact(n, dot - 1, index);
}

void tls_names_wipe(struct tls_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->rows[i].text);
    free(n->rows);
    *n = (struct tls_names){NULL, 0};
}
