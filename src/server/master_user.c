#include "server/master.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Who the processes of a generation run as. */

static bool find_user(const char *name, uid_t *uid, gid_t *gid)
{
    struct passwd *pw = getpwnam(name);
    if (!pw)
        return false;
    *uid = pw->pw_uid;
    *gid = pw->pw_gid;
    return true;
}

static enum status find_front_user(struct generation *g, char why[300])
{
    if (find_user(g->config->user, &g->user, &g->group))
        return STATUS_OK;
    if (strcmp(g->config->user, "poplin") != 0 || !find_user("nobody", &g->user, &g->group)) {
        snprintf(why, 300, "user %.100s does not exist: create it, or name another with `user`",
                 g->config->user);
        return STATUS_PERMANENT;
    }
    log_text(LOG_LEVEL_WARNING, "user",
             "user poplin does not exist, running as nobody; `adduser --system poplin` makes it");
    return STATUS_OK;
}

static enum status find_mail_user(struct generation *g, char why[300])
{
    const struct config *c = g->config;
    char root[LIMIT_PATH];
    struct stat st;
    if (strcmp(c->store_driver, "memory") == 0) {
        g->mail_user = g->user;
        g->mail_group = g->group;
        return STATUS_OK;
    }
    config_store_root(c->store_path, root);
    if (stat(root, &st) < 0 || !S_ISDIR(st.st_mode)) {
        snprintf(why, 300,
                 "the maildrops' folder %.150s cannot be used: %s; create it, owned by "
                 "the user your MTA delivers as",
                 root, errno ? strerror(errno) : "not a folder");
        return STATUS_PERMANENT;
    }
    struct passwd *owner = getpwuid(st.st_uid);
    g->mail_user = st.st_uid;
    g->mail_group = owner ? owner->pw_gid : st.st_gid;
    if (geteuid() != 0)
        return STATUS_OK;
    if (c->mail_user && !find_user(c->mail_user, &g->mail_user, &g->mail_group)) {
        snprintf(why, 300, "mail-user %.100s does not exist", c->mail_user);
        return STATUS_PERMANENT;
    }
    if (g->mail_user == 0 || g->mail_group == 0) {
        snprintf(why, 300,
                 "mail in %.150s would be read as root: name the user your MTA "
                 "delivers as with `mail-user`",
                 root);
        return STATUS_PERMANENT;
    }
    return STATUS_OK;
}

enum status generation_find_users(struct generation *g, char why[300])
{
    g->user = g->mail_user = geteuid();
    g->group = g->mail_group = getegid();
    enum status s = geteuid() == 0 ? find_front_user(g, why) : STATUS_OK;
    if (s == STATUS_OK)
        s = find_mail_user(g, why);
    if (geteuid() != 0) {
        g->mail_user = geteuid();
        g->mail_group = getegid();
    }
    return s;
}
