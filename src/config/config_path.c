#include "config/config.h"

#include "base/escape.h"

/* What the log would have to escape is not a name: escaping it must change nothing. This refuses
 * controls, octets that are not UTF-8 and the invisible letters that make two names look alike. */
static bool is_printable(struct slice user)
{
    char memory[4 * LIMIT_USER_NAME];
    struct buf out = buf_over(memory, sizeof memory);
    return escape_plain(&out, user, user.size) && slice_equal(buf_slice(&out), user);
}

static bool is_safe_part(struct slice part)
{
    return part.size > 0 && part.data[0] != '.';
}

bool config_user_is_safe(struct slice user)
{
    if (user.size == 0 || user.size > LIMIT_USER_NAME || !is_printable(user))
        return false;
    if (slice_find(user, '/') < user.size || slice_find(user, ' ') < user.size)
        return false;
    for (;;) {
        size_t at = slice_find(user, '@');
        if (!is_safe_part(slice_take(user, at)))
            return false;
        if (at == user.size)
            return true;
        user = slice_skip(user, at + 1);
    }
}

/* Splits at the last '@'; a name without one is all local part. */
static void split_user(struct slice user, struct slice *local, struct slice *domain)
{
    size_t at = user.size;
    while (at > 0 && user.data[at - 1] != '@')
        at--;
    *local = at > 0 ? slice_take(user, at - 1) : user;
    *domain = at > 0 ? slice_skip(user, at) : slice_of("", 0);
}

/* A home comes from the user database, not from a client; a wrong line there must still not lead
 * out by "..". */
static bool is_safe_home(struct slice home)
{
    if (home.size == 0 || home.data[0] != '/' || memchr(home.data, '\0', home.size))
        return false;
    while (home.size > 0) {
        home = slice_skip(home, 1);
        size_t end = slice_find(home, '/');
        if (slice_equal(slice_take(home, end), SLICE("..")))
            return false;
        home = slice_skip(home, end);
    }
    return true;
}

static enum status put_expansion(struct buf *out, char letter, struct slice user, struct slice home)
{
    struct slice local, domain, value;
    split_user(user, &local, &domain);
    switch (letter) {
    case 'u':
        value = user;
        break;
    case 'n':
        value = local;
        break;
    case 'd':
        value = domain;
        break;
    case 'h':
        value = is_safe_home(home) ? home : slice_of("", 0);
        break;
    case '%':
        value = SLICE("%");
        break;
    default:
        return STATUS_MALFORMED;
    }
    /* An empty domain would make two directories out of one pattern's level: refused. */
    if (value.size == 0)
        return STATUS_MALFORMED;
    return buf_put(out, value) ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status config_store_path(const char *pattern, struct slice user, struct slice home,
                              char path[LIMIT_PATH])
{
    struct buf out = buf_over(path, LIMIT_PATH - 1);
    path[0] = '\0';
    if (!config_user_is_safe(user))
        return STATUS_MALFORMED;
    for (const char *p = pattern; *p != '\0'; p++) {
        enum status s = STATUS_OK;
        if (*p == '%')
            s = put_expansion(&out, *++p, user, home);
        else if (!buf_put_char(&out, *p))
            s = STATUS_TOO_LARGE;
        if (s != STATUS_OK) {
            path[0] = '\0';
            return s;
        }
    }
    path[out.size] = '\0';
    return STATUS_OK;
}

void config_store_root(const char *pattern, char root[LIMIT_PATH])
{
    struct slice fixed = slice_str(pattern);
    fixed.size = slice_find(fixed, '%');
    if (fixed.size >= LIMIT_PATH)
        fixed.size = LIMIT_PATH - 1;
    while (fixed.size > 0 && fixed.data[fixed.size - 1] != '/')
        fixed.size--;
    while (fixed.size > 1 && fixed.data[fixed.size - 1] == '/')
        fixed.size--;
    if (fixed.size == 0)
        fixed = SLICE("/");
    memcpy(root, fixed.data, fixed.size);
    root[fixed.size] = '\0';
}
